"""Who is believed, the rules or a model, for each part of a message: one table, set by figures.

`POLICY` is what ships. It was chosen on requests that neither the rules nor the model were tuned on (`choice_2` of
benchmarks/planner_quality.py), never on the held-back ones. A model never makes Rapport forget anything by itself: that cannot be undone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..understanding.reading import Act

Trust = Literal[
    "rules",  # the model is not asked
    "model",  # what the rules alone found goes
    "union",  # both
    "agree",  # only what both found
    "fill",  # the rules', the model's where they found nothing
]
Field = Literal[
    "genres", "no_genres", "years", "people", "no_people", "like", "unlike", "words", "less", "count", "opinions", "unknown",
]  # fmt: skip
Group = Literal[
    "wish", "more", "explain", "compare", "details", "feedback", "remember", "profile", "forget", "chat", "unknown",
]  # fmt: skip

# Messages of which the rules are sure and which no model should touch.
SETTLED: frozenset[Act] = frozenset(
    ("empty", "care", "hostile", "undo", "identity", "forget_all", "help", "insult")
)


@dataclass(frozen=True, kw_only=True)
class MergePolicy:
    """Who is believed.

    Attributes:
        trust: Field -> how the two are joined; fields left out are the rules'.
        acts: (the rules' group, the model's) pairs in which the model is right about what the person does.
        topic: Who says whether a wish is a new topic: "rules", "model", or "agree" (new only if both say so).
    """

    trust: Mapping[Field, Trust]
    acts: frozenset[tuple[Group, Group]]
    topic: Literal["rules", "model", "agree"] = "rules"

    def of(self, name: Field) -> Trust:
        """How a field is joined."""
        return self.trust.get(name, "rules")


# Pairs of acts stand where the model was right oftener than the rules over four sets (choice_2, choice_3, held_back, held_back_2) as read by
# rules that had seen none of them, and do not lose on the set left out: benchmarks/agent.md has the table. Rules that have seen a set say
# nothing about the next one. A wish of nothing but unknown words is none when the model says so. Where the rules say "chat" and
# the model a wish, the rules were right 5 times of 8. People are the rules'
# since they know roles, first names and pronouns: believing only what both found ("agree") cost .10 to .15 of recall on every set.
# So are refused people: the model took "by Michael Mann that I haven't seen" for a refusal, and adds nothing on choice_3.
POLICY = MergePolicy(
    trust={"unlike": "union", "words": "union", "unknown": "fill"},
    acts=frozenset(
        {
            ("unknown", "feedback"), ("unknown", "details"), ("unknown", "compare"), ("unknown", "more"),
            ("chat", "feedback"), ("more", "wish"), ("feedback", "wish"), ("forget", "wish"), ("details", "wish"),
            ("wish", "feedback"), ("wish", "remember"), ("wish", "compare"), ("wish", "chat"), ("wish", "unknown"),
        }
    ),
)  # fmt: skip
