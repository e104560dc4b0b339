"""What an answer says, read from its words by code: does it ask, and about what; does it own up to a miss?"""

from __future__ import annotations

import re
from dataclasses import dataclass

_QUESTION = re.compile(r"[^.!?\n]*\?")
_REQUEST = re.compile(r"\btell me (which|what|more|how)\b", re.IGNORECASE)
_TOPICS = {
    "genres": r"kinds?\b|genres?\b|moods?\b|in the mood|sort of|type of|funny|scary|serious",
    "year": r"newer|older|recent|decades?\b|eras?\b|years?\b|classics?\b|modern|when\b",
    "people": r"actors?\b|actress|stars?\b|who should|anyone in|cast\b|directors?\b",
    "directors": r"directors?\b|made by|filmmaker",
    "runtime": r"how long|minutes|length|short|runtime",
    "rating": r"ratings?\b|rated|acclaimed|reviews?",
    "content_rating": r"age|kids|children|famil|content|suitable|rated",
    "streaming_services": r"stream|services?\b|netflix|where (do|can) you|subscri",
    "tags": r"about\b|themes?\b|closest|subjects?\b",
    "title": r"titles?\b|called|named",
}
_OPEN = re.compile(
    r"anything else|what else|what (?:are you|do you|would you|did you|don't you|is it|matters)"
    r"|which part|tell me|more about|any (?:preferences?|wishes)|what (?:is|was) wrong|closest",
    re.IGNORECASE,
)
_OWNS_UP = re.compile(
    r"\bnothing (?:else |more |here |in (?:the|my|this) catalog )?(?:\w+ )?(?:fits|fit|matches|meets|satisfies)"
    r"|\b(?:found|find|have|know|there (?:is|are)|there's|see|got) (?:no|nothing|none|not one)\b"
    r"|\bcomes? closest|\bclosest (?:i|match|one|thing)|\bsettled for|\blet go|\bdid without"
    r"|\blooked at any|\bwidened|\brelax|\b(?:could not|couldn't|can't|cannot) (?:find|go by|match|fit)"
    r"|\b(?:don't|do not|doesn't|does not) (?:have|list|know|fit|match)|\blists no\b|\bno such\b"
    r"|\bnot (?:in|part of) (?:the|my|this) catalog|\bnone of (?:them|these|those) (?:fit|is|are|match)"
    r"|\bunfortunately\b|\bno (?:film|movie|item|title|picks?) (?:here )?(?:fits|matches|meets)",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back from the agent under test.

    Attributes:
        text: Its words.
        item_ids: What it shows, in order.
        notices: Things it tells beside the text.
        model_calls, tokens, seconds: What the answer cost.
    """

    text: str
    item_ids: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    model_calls: int = 0
    tokens: int = 0
    seconds: float = 0.0

    @property
    def words(self) -> str:
        """All that was said."""
        return " ".join((self.text, *self.notices))


def owns_up(answer: Answer) -> bool:
    """Whether the words say that something was not found or not held to."""
    return _OWNS_UP.search(answer.words) is not None


def asks(answer: Answer) -> bool:
    """Whether a question or a request for more is put to the person."""
    return bool(_questions(answer))


def asks_about(answer: Answer) -> frozenset[str]:
    """Fields that the questions of an answer are about; "" stands for an open question."""
    questions = _questions(answer)
    found = {
        name
        for name, pattern in _TOPICS.items()
        if re.search(rf"\b(?:{pattern})", questions, re.IGNORECASE)
    }
    if questions and (_OPEN.search(questions) or not found):
        found.add("")
    return frozenset(found)


def _questions(answer: Answer) -> str:
    asked = _QUESTION.findall(answer.text)
    sentences = re.split(r"(?<=[.!?])\s", answer.text)
    return " ".join([*asked, *(one for one in sentences if _REQUEST.search(one))])
