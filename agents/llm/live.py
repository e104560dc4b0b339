"""A model's words while they come: without its thoughts, and only as far as they are backed already.

Apart from the turn, which knows what backs a sentence: here is only when there is a whole one to check.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..prose import plain, sentences
from .thinking import SpokenStream


class LiveWords:
    """Hears a model's words piece by piece and tells whole sentences that pass the check.

    The first sentence that does not pass ends the telling: what follows may build on it. The final
    text of the turn decides; what was told is the beginning of it unless the model was sent back.

    Args:
        check: Returns a text as it may be shown; a text that comes back changed did not pass.
        tell: Gets what may be shown, in order, as it comes.
    """

    def __init__(self, check: Callable[[str], str], tell: Callable[[str], None]) -> None:
        self._check = check
        self._tell = tell
        self._stream = SpokenStream()
        self._text = ""
        self._told = ""
        self._is_over = False
        self._lock = threading.Lock()

    @property
    def told(self) -> str:
        """All that was told so far."""
        with self._lock:
            return self._told

    def hear(self, piece: str) -> None:
        """A piece came; called from the thread of the model's call."""
        with self._lock:
            self._text += self._stream.hear(piece)
            # The last sentence may go on.
            ends = [end for _, end in sentences(self._text)[:-1]]
            if ends and not self._is_over:
                self._pass_on(self._text[: ends[-1]])

    def stop(self) -> None:
        """Tell nothing more: the answer is known, or the model calls a tool."""
        with self._lock:
            self._is_over = True

    def _pass_on(self, text: str) -> None:
        shown = plain(text)
        if self._check(shown) != shown or not shown.startswith(self._told):
            self._is_over = True
            return
        news = shown[len(self._told) :]
        if news:
            self._told = shown
            self._tell(news)
