"""The conversational recommender under test: the same agent and the same turn as in the chat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .keys import KeyedTask
from .listening import Answer
from .person import ScriptedPerson
from .trial import Contestant, Session

if TYPE_CHECKING:
    from ...agent import ConversationalRecommender


@dataclass(frozen=True)
class RapportContestant(Contestant):
    """Each trial is a new person with conversations of their own.

    Attributes:
        agent: Must keep its conversations where nothing else is kept.
    """

    agent: ConversationalRecommender

    def open(self, keyed: KeyedTask, name: str, person: ScriptedPerson) -> Session:
        """Put the history into the profile, and say what was said earlier."""
        del person
        self._remember(keyed, name)
        if keyed.task.earlier:
            before = _RapportSession(self.agent, name, "earlier")
            for text in keyed.task.earlier:
                before.reply(text)
        return _RapportSession(self.agent, name, "now")

    def _remember(self, keyed: KeyedTask, name: str) -> None:
        from ...state import Preference

        for number, item_id in enumerate(sorted(keyed.history)):
            self.agent.store.save_preference(
                name,
                Preference(
                    preference_id=f"{name}-{number}",
                    kind="like",
                    subject="item",
                    value=item_id,
                    label=self.agent.recommender.catalog[item_id].label,
                    created_at=datetime.now(UTC),
                ),
            )


class _RapportSession(Session):
    def __init__(self, agent: ConversationalRecommender, user_id: str, part: str) -> None:
        self._agent = agent
        self._user_id = user_id
        self._part = part
        self._conversation = agent.store.create_conversation(user_id).conversation_id
        self._n_turns = 0

    def reply(self, text: str) -> Answer:
        """A whole turn."""
        from ...agent import UserMessage

        self._n_turns += 1
        result = self._agent.reply(
            UserMessage(
                user_id=self._user_id,
                conversation_id=self._conversation,
                turn_id=f"{self._user_id}-{self._part}-{self._n_turns}",
                text=text,
            )
        )
        return Answer(
            text=result.text,
            item_ids=tuple(item.item_id for item in result.items),
            notices=result.notices,
            model_calls=result.usage.model_calls,
            tokens=result.usage.tokens,
            seconds=result.usage.seconds,
        )
