"""The page in a real browser over a scripted agent: what the real one does too rarely or too fast."""

from __future__ import annotations

import gc
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from app.page.serve import claim_port, web_app
from app.page.service import PageService
from app.settings import Settings
from rec_core import Catalog, Item
from tests.app.browser import browser
from tests.app.scripted_agent import ScriptedAgent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning",
        "ignore::pytest.PytestUnraisableExceptionWarning",
        "ignore::DeprecationWarning",
    ),
]

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


@pytest.fixture(autouse=True)
def _collect() -> Iterator[None]:
    """Gradio makes event loops that it never closes; they go here, while that is no error."""
    yield
    gc.collect()


@contextmanager
def served(agent: ScriptedAgent, home: Path) -> Iterator[str]:
    """The page of this agent on a free port."""
    with claim_port(Settings(home=home, port=_free_port())) as claimed:
        settings = Settings(home=home, port=claimed.getsockname()[1])
        app = web_app(settings, PageService(agent), footer="3 titles")  # type: ignore[arg-type]
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [claimed]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{settings.port}/"
        server.should_exit = True
        thread.join(10)
    agent.store.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_hostile_titles_and_words_stay_text(tmp_path: Path) -> None:
    catalog = Catalog([Item(item_id=f"{n}\"'><b>", title=HOSTILE, year=1990 + n) for n in range(3)])
    with served(ScriptedAgent(tmp_path, catalog=catalog), tmp_path) as address, browser() as window:
        window.get(address)
        until = WebDriverWait(window, 30, poll_frequency=0.1).until
        until(lambda _: window.find_elements(By.CSS_SELECTOR, ".rp-hello"))
        window.find_element(By.CSS_SELECTOR, "#rp-box textarea").send_keys(HOSTILE + Keys.ENTER)
        until(lambda _: len(window.find_elements(By.CSS_SELECTOR, "#rp-transcript .rp-card")) == 3)
        title = window.find_element(By.CSS_SELECTOR, ".rp-title").text
        assert title.startswith("<img src=x onerror=")
        window.find_element(By.CSS_SELECTOR, ".rp-dislike").click()
        until(lambda _: window.find_elements(By.CSS_SELECTOR, ".rp-card.is-dislike"))
        (tab,) = [
            one
            for one in window.find_elements(By.CSS_SELECTOR, "button[role=tab]")
            if "know" in one.text
        ]
        tab.click()
        until(lambda _: window.find_elements(By.CSS_SELECTOR, ".rp-pref"))
        assert window.find_elements(By.CSS_SELECTOR, "#rp-app img, #rp-app script") == []
        assert window.title == "Rapport"


def test_stop_gives_the_message_back_and_saves_nothing(tmp_path: Path) -> None:
    gate = threading.Event()
    agent = ScriptedAgent(tmp_path, gate=gate)
    with served(agent, tmp_path) as address, browser() as window:
        window.get(address)
        until = WebDriverWait(window, 30, poll_frequency=0.1).until
        until(lambda _: window.find_elements(By.CSS_SELECTOR, ".rp-hello"))
        box = window.find_element(By.CSS_SELECTOR, "#rp-box textarea")
        box.send_keys("a film" + Keys.ENTER)
        until(lambda _: window.find_elements(By.CSS_SELECTOR, "#rp-live .rp-steps[open]"))
        window.find_element(By.CSS_SELECTOR, "#rp-box .stop-button").click()
        until(lambda _: box.get_attribute("value") == "a film")
        assert window.find_elements(By.CSS_SELECTOR, "#rp-live .rp-turn") == []
        gate.set()
        (conversation,) = agent.store.conversations("local")
        assert agent.store.turns("local", conversation.conversation_id) == ()


def test_a_turn_that_fails_keeps_the_question_and_offers_another_try(tmp_path: Path) -> None:
    agent = ScriptedAgent(tmp_path, fault=ValueError("secret internals"))
    with served(agent, tmp_path) as address, browser() as window:
        window.get(address)
        until = WebDriverWait(window, 30, poll_frequency=0.1).until
        until(lambda _: window.find_elements(By.CSS_SELECTOR, ".rp-hello"))
        window.find_element(By.CSS_SELECTOR, "#rp-box textarea").send_keys("a film" + Keys.ENTER)
        until(lambda _: window.find_elements(By.CSS_SELECTOR, ".rp-trouble"))
        shown = window.find_element(By.CSS_SELECTOR, "#rp-live").text
        assert "a film" in shown
        assert "Something went wrong on my side." in shown
        assert "Try again" in shown
        assert "secret" not in window.page_source
