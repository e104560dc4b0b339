"""The page in a real browser, over the real agent on ml-100k: what a stranger would do first."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.app.browser import browser, save_screenshot

pytestmark = [
    pytest.mark.slow,
    # The first test may have to train the models.
    pytest.mark.timeout(1500),
    # Selenium leaves its pipes to the driver to the garbage collector.
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),
]

ROOT = Path(__file__).parents[2]
WISH = "something like Heat but less violent, from the 90s"


@pytest.fixture(scope="module")
def address(trained_home: Path) -> Iterator[str]:
    """The address of `rapport chat`, served by the real command on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if "RAPPORT_" not in name}
    command = ("--home", str(trained_home), "chat", "--no-open", "--port", str(port))
    server = subprocess.Popen(
        [sys.executable, "-m", "app", *command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    place = f"http://127.0.0.1:{port}/"
    try:
        _wait_for(place, server)
        yield place
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(place: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        assert server.poll() is None, "the server ended before it answered"
        try:
            with urllib.request.urlopen(place, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail("the page did not answer within two minutes")


class Page:
    """The page through a reader's eyes."""

    def __init__(self, window: Chrome, address: str) -> None:
        self.window = window
        window.get(address)
        self.until(lambda: self.all(".rp-hello, .rp-turn"))

    def all(self, selector: str) -> list[WebElement]:
        return self.window.find_elements(By.CSS_SELECTOR, selector)

    def until(self, condition: Callable[[], object], seconds: float = 60) -> None:
        # The page may redraw between finding an element and reading it.
        wait = WebDriverWait(
            self.window,
            seconds,
            poll_frequency=0.1,
            ignored_exceptions=[StaleElementReferenceException],
        )
        wait.until(lambda _: condition())

    def turns(self) -> list[WebElement]:
        """Finished turns only: a running one is in another place."""
        return self.all("#rp-transcript .rp-turn")

    def turn_ids(self) -> list[str]:
        return self.window.execute_script(
            "return [...document.querySelectorAll('#rp-transcript .rp-turn')]"
            ".map(turn => turn.dataset.turn)"
        )

    def cards(self) -> list[WebElement]:
        return self.all("#rp-transcript .rp-turn:last-child .rp-card")

    def ids(self) -> list[str]:
        return [str(card.get_attribute("data-item")) for card in self.cards()]

    def say(self, text: str) -> None:
        before = len(self.turns())
        box = self.all("#rp-box textarea")[0]
        box.send_keys(text)
        box.send_keys(Keys.ENTER)
        self.until(lambda: len(self.turns()) == before + 1 and not self.all("#rp-live .rp-turn"))

    def click(self, element: WebElement) -> None:
        self.window.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        self.window.execute_script("arguments[0].click()", element)

    def tab(self, words: str) -> None:
        (found,) = [one for one in self.all("button[role=tab]") if words in one.text]
        found.click()


def wait_still() -> None:
    """Let animations end, so that pictures show what a reader sees."""
    time.sleep(0.8)


def test_the_first_conversation_of_a_stranger(address: str) -> None:
    with browser() as window:
        page = Page(window, address)
        wait_still()
        save_screenshot(window, "1-greeting")
        assert page.all(".rp-example")

        page.say(WISH)
        wait_still()
        save_screenshot(window, "2-cards")
        assert len(page.cards()) >= 5
        years = [int(one.text) for one in page.all("#rp-transcript .rp-year")]
        assert all(1990 <= year <= 1999 for year in years)
        assert len(years) == len(page.cards())
        assert all(one.text for one in page.all("#rp-transcript .rp-reason"))

        disliked = page.cards()[1]
        disliked_id = page.ids()[1]
        title = disliked.find_element(By.CSS_SELECTOR, ".rp-title").text.rsplit(" ", 1)[0]
        page.click(disliked.find_element(By.CSS_SELECTOR, ".rp-dislike"))
        page.until(lambda: page.all("#rp-transcript .rp-card.is-dislike"))
        wait_still()
        save_screenshot(window, "3-disliked")

        page.say("show me more")
        save_screenshot(window, "4-more")
        assert page.cards()
        assert disliked_id not in page.ids()

        page.tab("What I know about you")
        page.until(lambda: page.all(".rp-pref"))
        save_screenshot(window, "5-memory")
        (row,) = [one for one in page.all(".rp-pref") if title in one.text]
        assert row.find_element(By.CSS_SELECTOR, "select").get_attribute("value") == "dislike"

        window.refresh()
        page.until(lambda: len(page.turns()) == 2)
        assert WISH in page.turns()[0].text
        assert page.all("#rp-transcript .rp-card.is-dislike")
        save_screenshot(window, "6-reloaded")
        assert_quiet(window, address)


def test_the_buttons_of_a_turn_and_of_the_list(address: str) -> None:
    with browser() as window:
        page = Page(window, address)
        page.click(page.all(".rp-new")[0])
        page.until(lambda: page.all(".rp-hello"))
        page.click(page.all(".rp-example")[0])
        page.until(lambda: len(page.turns()) == 1)
        before = len(page.turns())

        page.click(page.all("#rp-transcript .rp-why")[0])
        page.until(lambda: len(page.turns()) == before + 1)
        assert "Why" in page.turns()[-1].text

        first_try = page.turn_ids()
        page.click(page.all("[data-act=again]")[-1])
        # The new turn may be over before one can look: only its id tells it from the old one.
        page.until(lambda: len(page.turn_ids()) == before + 1 and page.turn_ids() != first_try)

        page.click(page.all("[data-act=back]")[-1])
        page.until(lambda: len(page.turns()) == before)
        page.until(
            lambda: str(page.all("#rp-box textarea")[0].get_attribute("value")).startswith("Why")
        )

        listed = len(page.all(".rp-row"))
        erase = page.all(".rp-row[aria-current] [data-act=erase]")[0]
        page.click(erase)
        assert erase.text == "Delete?"
        page.click(erase)
        page.until(lambda: len(page.all(".rp-row")) == listed - 1)
        assert_quiet(window, address)


@pytest.mark.parametrize(("width", "height", "dark"), [(390, 844, False), (1280, 900, True)])
def test_narrow_and_dark_windows(address: str, width: int, height: int, dark: bool) -> None:
    name = f"{width}{'-dark' if dark else ''}"
    with browser(width, height, dark=dark) as window:
        page = Page(window, address)
        if width < 600:
            page.all(".rp-burger")[0].click()
            wait_still()
            save_screenshot(window, f"{name}-drawer")
        page.click(page.all(".rp-new")[0])
        page.until(lambda: page.all(".rp-hello"))
        wait_still()
        save_screenshot(window, f"{name}-greeting")
        page.say("a funny film for kids from the eighties, not animated")
        wait_still()
        save_screenshot(window, f"{name}-cards")
        assert page.cards()
        page.click(page.all("[data-act=back]")[-1])
        inner, outer = window.execute_script(
            "return [document.documentElement.scrollWidth, window.innerWidth]"
        )
        assert inner <= outer, "the page must not scroll sideways"
        page.tab("What I know about you")
        wait_still()
        save_screenshot(window, f"{name}-memory")


def assert_quiet(window: Chrome, address: str) -> None:
    """No error in the console, and not one request to another machine."""
    assert [entry for entry in window.get_log("browser") if entry["level"] == "SEVERE"] == []
    sent = [
        json.loads(entry["message"])["message"]["params"]
        for entry in window.get_log("performance")
        if '"Network.requestWillBeSent"' in entry["message"]
    ]
    own = (address, "data:", "blob:", "chrome:", "chrome-untrusted:", "about:")
    strange = [one["request"]["url"] for one in sent if not one["request"]["url"].startswith(own)]
    assert strange == []
