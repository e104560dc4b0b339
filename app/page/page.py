"""The page itself: which parts there are, what each event calls, what it changes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.themes import Base

from .handlers import Event, Handlers
from .icons import icon
from .prose import escape
from .service import MAX_MESSAGE, PageService, explain

_FOLDER = Path(__file__).parent
# What gradio passes around: updates, values of components, events as dicts.
Loose = Any
# Gradio runs one event of a kind at a time unless told otherwise.
_LIMIT = 40

TITLE = "Rapport"
STYLE = (_FOLDER / "style.css").read_text(encoding="utf-8")
_BEHAVIOUR = (_FOLDER / "behaviour.js").read_text(encoding="utf-8")

_ID_FROM_ADDRESS = "() => [new URLSearchParams(window.location.search).get('c') || '']"
_FRESH_ID = (
    "(...values) => { values[values.length - 1] = Array.from(crypto.getRandomValues(new Uint8Array(16)), "
    "b => b.toString(16).padStart(2, '0')).join(''); return values; }"
)
_SAVE_EXPORT = (
    "(text) => { const link = document.createElement('a'); "
    "link.href = URL.createObjectURL(new Blob([text], {type: 'application/json'})); "
    "link.download = 'rapport-export.json'; link.click(); URL.revokeObjectURL(link.href); }"
)


def theme() -> Base:
    """System fonts and one accent colour; everything else is in style.css."""
    sans = [
        "ui-sans-serif",
        "system-ui",
        "-apple-system",
        "Segoe UI",
        "Roboto",
        "Arial",
        "sans-serif",
    ]
    mono = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]
    return Base(
        primary_hue="teal", neutral_hue="stone", font=sans, font_mono=mono, radius_size="lg"
    )


def build_page(service: PageService, *, user: str, footer: str) -> gr.Blocks:
    """The whole page.

    Args:
        service: What the buttons do.
        user: Who speaks when nobody had to log in.
        footer: The line below the composer; plain text.
    """
    return _Page(service, user, footer).blocks


class _Page:
    def __init__(self, service: PageService, user: str, footer: str) -> None:
        self._handlers = Handlers(service)
        self._user = user
        with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as self.blocks:
            self._layout(footer)
            self._wire()
        self.blocks.queue(default_concurrency_limit=_LIMIT, api_open=False)

    def _layout(self, footer: str) -> None:
        # The conversation's id travels with each event; the store checks whose it is.
        self.conversation = gr.Textbox(visible=False)
        self.turn = gr.Textbox(visible=False)
        self.exported = gr.Textbox(visible=False)
        with gr.Row(elem_id="rp-app"):
            with gr.Column(elem_id="rp-side", scale=0, min_width=0):
                self.sidebar = _part(("pick", "create", "rename", "erase"), "rp-sidebar")
            with gr.Column(elem_id="rp-main", scale=1, min_width=0):
                gr.HTML(_MENU, elem_id="rp-menu", js_on_load=_TOGGLE, apply_default_css=False)
                with gr.Tabs(elem_id="rp-tabs"):
                    with gr.Tab("Chat", elem_id="rp-chat"):
                        self._chat(footer)
                    with gr.Tab("What I know about you", elem_id="rp-about") as self.about_tab:
                        self._about()

    def _chat(self, footer: str) -> None:
        self.transcript = _part(("say", "judge", "again", "back"), "rp-transcript")
        self.live = _part(("say", "judge", "again", "back"), "rp-live")
        with gr.Column(elem_id="rp-composer"):
            self.box = gr.Textbox(
                placeholder="What are you in the mood for?",
                show_label=False,
                label="Your message",
                container=False,
                lines=1,
                max_lines=6,
                max_length=MAX_MESSAGE,
                autofocus=True,
                submit_btn=True,
                elem_id="rp-box",
            )
            gr.HTML(f'<p class="rp-fine">{escape(footer)}</p>', js_on_load=None)

    def _about(self) -> None:
        self.memory = _part(("amend", "drop", "forget"), "rp-memory")
        with gr.Row(elem_id="rp-memory-tools"):
            self.paused = gr.Checkbox(label="Pause learning", container=False, min_width=160)
            self.export = gr.Button("Export my data", size="sm", scale=0, min_width=160)

    # -- events -------------------------------------------------------------------------------

    def _wire(self) -> None:
        do = self._handlers
        here = [self.conversation]
        whole = [self.conversation, self.sidebar, self.transcript, self.live, self.box]
        self._on(self.blocks.load, do.open, here, [*whole, self.paused], js=_ID_FROM_ADDRESS)
        said = [*here, self.box, self.turn]
        turns = [self._on(self.box.submit, do.send, said, whole, js=_FRESH_ID)]
        self._on(self.box.stop, do.stop, here, [])
        for part in (self.transcript, self.live):
            turns.append(self._on(part.say, do.say, here, whole))
            turns.append(self._on(part.again, do.again, here, whole))
            self._on(part.back, do.back, here, whole)
            self._on(part.judge, do.judge, here, [self.transcript], many=True)
        # Leaving a conversation stops watching its turn; the turn itself goes on and is saved.
        self._on(self.sidebar.pick, do.pick, [], whole, cancels=turns)
        self._on(self.sidebar.create, do.create, [], whole, cancels=turns)
        self._on(self.sidebar.rename, do.rename, here, [self.sidebar])
        self._on(self.sidebar.erase, do.erase, here, whole, cancels=turns)
        self._wire_memory([self.memory, self.paused], whole)

    def _wire_memory(self, shown: list[gr.Component], whole: list[gr.Component]) -> None:
        do = self._handlers
        self._on(self.about_tab.select, do.remembered, [], shown)
        self._on(self.memory.amend, do.amend, [], shown, many=True)
        self._on(self.memory.drop, do.drop, [], shown, many=True)
        self._on(self.memory.forget, do.forget, [], [*shown, *whole])
        self._on(self.paused.input, do.pause, [self.paused], shown)
        exported = self._on(self.export.click, do.export, [], [self.exported])
        exported.then(None, [self.exported], None, js=_SAVE_EXPORT)

    def _on(
        self,
        event: Callable[..., Any],
        handler: Callable[..., Any],
        inputs: Sequence[gr.Component],
        outputs: Sequence[gr.Component],
        *,
        js: str | None = None,
        many: bool = False,
        cancels: Sequence[Any] = (),
    ) -> Loose:
        return event(
            self._adapt(handler, len(outputs)),
            inputs=list(inputs),
            outputs=list(outputs),
            js=js,
            cancels=list(cancels) or None,
            show_progress="hidden",
            api_visibility="private",
            concurrency_limit=_LIMIT,
            trigger_mode="multiple" if many else "once",
        )

    def _adapt(self, handler: Callable[..., Any], n_outputs: int) -> Callable[..., Any]:
        """Gradio's request and event data become a person and plain words; faults become a message."""
        unchanged = tuple(gr.skip() for _ in range(n_outputs))

        def once(request: gr.Request, data: gr.EventData, *values: Loose) -> Loose:
            try:
                outcome = handler(self._event(request, data), *values)
            # The page's outermost edge: people read a sentence, never a traceback.
            except Exception as fault:  # noqa: BLE001
                _tell(fault)
                return _fit(unchanged)
            return _fit(unchanged if outcome is None else outcome)

        def streaming(request: gr.Request, data: gr.EventData, *values: Loose) -> Iterator[Loose]:
            try:
                for outcome in handler(self._event(request, data), *values):
                    yield _fit(outcome)
            except Exception as fault:  # noqa: BLE001
                _tell(fault)
                yield _fit(unchanged)

        return streaming if inspect.isgeneratorfunction(handler) else once

    def _event(self, request: gr.Request, data: gr.EventData | None) -> Event:
        """Who it is comes from the login alone; what the browser says is only ever words."""
        raw = data._data if data is not None and isinstance(data._data, dict) else {}
        words = {str(key): str(value) for key, value in raw.items() if isinstance(value, str)}
        return Event(user_id=request.username or self._user, words=words, tell=gr.Info)


def _part(actions: Sequence[str], element_id: str) -> gr.HTML:
    """A piece of our own markup whose buttons trigger the named events."""
    names = ", ".join(f'"{action}"' for action in actions)
    return gr.HTML(
        "",
        elem_id=element_id,
        apply_default_css=False,
        js_on_load=f"const ACTS = [{names}];\n{_BEHAVIOUR}",
    )


def _fit(outcome: tuple[Loose, ...]) -> Loose:
    """Gradio wants a bare value for one output and nothing for none."""
    if not outcome:
        return None
    return outcome[0] if len(outcome) == 1 else outcome


def _tell(fault: Exception) -> None:
    problem, remedy = explain(fault)
    gr.Warning(f"{escape(problem)} {escape(remedy)}".strip(), duration=8)


_MENU = (
    '<button type="button" class="rp-burger" aria-label="Conversations" aria-controls="rp-side">'
    f'{icon("menu")}</button><div class="rp-veil"></div>'
)
_TOGGLE = """
element.querySelector('.rp-burger').addEventListener('click', () => document.body.classList.toggle('rp-drawer-open'));
element.querySelector('.rp-veil').addEventListener('click', () => document.body.classList.remove('rp-drawer-open'));
"""
