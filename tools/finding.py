"""Tools that find items: search_items, recommend, similar_items, rank_candidates."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pydantic import Field

from rec_core import Candidate, ItemFilter, RecommendRequest

from .arguments import NO_FILTER, Count, Filter, ItemId, ItemIds, Name, Weight, Words
from .errors import ToolRetry
from .hygiene import clean_text
from .lookup import item_filter, known_genre, known_item, known_items
from .rendering import candidates_result
from .types import Tool, ToolArguments, ToolContext, ToolResult

_QUERY_LIMIT = 500
_SURE_TITLE = 0.8


class SearchArguments(ToolArguments):
    """Arguments of search_items."""

    query: Words = Field("", description="A title, a name, or what the item is about, in words.")
    filter: Filter = Field(NO_FILTER, description="Hard conditions.")
    k: Count = Field(10, description="How many items at most.")


class RecommendArguments(ToolArguments):
    """Arguments of recommend."""

    query: Words = Field("", description="Plot, topic or mood wanted, in words. May be empty.")
    like: ItemIds = Field((), description="Item ids of which something similar is wanted.")
    avoid: Words = Field("", description="What should be less present, in words: violence, gore.")
    genre_weights: dict[Name, Weight] = Field(
        default_factory=dict,
        description="Soft wishes: genre name to a weight from -1 (rather not) to 1 (gladly).",
    )
    filter: Filter = Field(NO_FILTER, description="Hard conditions.")
    exclude: ItemIds = Field((), description="Item ids to leave out.")
    k: Count = Field(10, description="How many items at most.")
    include_shown: bool = Field(False, description="True to allow items shown earlier on.")


class SimilarArguments(ToolArguments):
    """Arguments of similar_items."""

    item_id: ItemId = Field(description="The item to start from.")
    filter: Filter = Field(NO_FILTER, description="Hard conditions.")
    k: Count = Field(10, description="How many items at most.")


class RankArguments(ToolArguments):
    """Arguments of rank_candidates."""

    handle: str = Field("", max_length=20, description='A candidate set, such as "c1".')
    item_ids: ItemIds = Field((), description="Or the items themselves. Give one of the two.")
    query: Words = Field("", description="What the order should favour, in words.")
    k: Count = Field(10, description="How many of the best to keep.")


def _search_items(arguments: SearchArguments, context: ToolContext) -> ToolResult:
    wanted = item_filter(arguments.filter, context, leave_out=context.disliked)
    query = clean_text(arguments.query, limit=_QUERY_LIMIT)
    recommender = context.recommender
    if query:
        named = _titles(query, wanted, context)
        names = {candidate.item_id for candidate in named}
        found = recommender.search.search(query, k=arguments.k, item_filter=wanted)
        rest = [candidate for candidate in found if candidate.item_id not in names]
        candidates = (*named, *rest)[: arguments.k]
    else:
        request = RecommendRequest(k=arguments.k, item_filter=wanted, diversity=0.0)
        candidates = recommender.recommend(request).candidates
    n_matching = int(recommender.catalog.mask(wanted).sum())
    return candidates_result(
        candidates,
        context,
        source="search_items",
        arguments=_resolved(arguments, wanted),
        facts={"n_matching": n_matching},
        remark=f"{n_matching} in the catalog pass the filter",
    )


def _titles(query: str, wanted: ItemFilter, context: ToolContext) -> list[Candidate]:
    """Items whose title the query is, typing errors allowed: they come before all others."""
    recommender = context.recommender
    return [
        Candidate(
            item_id=match.item_id,
            score=1.0 + match.confidence,
            parts={"title": match.confidence},
        )
        for match in recommender.search.find_title(query)
        if match.confidence >= _SURE_TITLE and recommender.catalog.satisfies(match.item_id, wanted)
    ]


def _recommend(arguments: RecommendArguments, context: ToolContext) -> ToolResult:
    seeds = tuple(item.item_id for item in known_items(arguments.like, context))
    shown = () if arguments.include_shown else context.shown
    wanted = item_filter(
        arguments.filter, context, leave_out=(*arguments.exclude, *context.disliked, *shown)
    )
    request = RecommendRequest(
        k=arguments.k,
        user_id=context.user_id,
        history=context.history,
        seeds=seeds,
        query=clean_text(arguments.query, limit=_QUERY_LIMIT),
        avoid=clean_text(arguments.avoid, limit=_QUERY_LIMIT),
        genre_weights={
            known_genre(name, context): weight for name, weight in arguments.genre_weights.items()
        },
        disliked=context.disliked,
        dialogue=context.dialogue,
        rewrite=clean_text(context.rewrite, limit=_QUERY_LIMIT),
        item_filter=wanted,
    )
    found = context.recommender.recommend(request)
    return candidates_result(
        found.candidates,
        context,
        source="recommend",
        arguments={**_resolved(arguments, wanted), "genre_weights": dict(request.genre_weights)},
        facts={"n_matching": found.n_matching, "strategy": found.strategy},
        remark=f"{found.n_matching} in the catalog pass the filter; ranked by {found.strategy}",
    )


def _similar_items(arguments: SimilarArguments, context: ToolContext) -> ToolResult:
    item = known_item(arguments.item_id, context)
    wanted = item_filter(arguments.filter, context, leave_out=context.disliked)
    candidates = context.recommender.similar(item.item_id, k=arguments.k, item_filter=wanted)
    context.bus.look_up([item.item_id], source="similar_items")
    return candidates_result(
        candidates,
        context,
        source="similar_items",
        arguments=_resolved(arguments, wanted),
        facts={"n_matching": int(context.recommender.catalog.mask(wanted).sum())},
    )


def _rank_candidates(arguments: RankArguments, context: ToolContext) -> ToolResult:
    if bool(arguments.handle) == bool(arguments.item_ids):
        raise ToolRetry("Give either handle or item_ids, not both and not neither.")
    if arguments.handle:
        item_ids = [candidate.item_id for candidate in context.bus.get(arguments.handle)]
    else:
        item_ids = [item.item_id for item in known_items(arguments.item_ids, context)]
    request = RecommendRequest(
        user_id=context.user_id,
        history=context.history,
        query=clean_text(arguments.query, limit=_QUERY_LIMIT),
        disliked=context.disliked,
    )
    ranked = context.recommender.rank(item_ids, request) if item_ids else ()
    return candidates_result(
        ranked[: arguments.k],
        context,
        source="rank_candidates",
        arguments=arguments.model_dump(mode="json"),
        facts={"n_ranked": len(item_ids)},
    )


def _resolved(arguments: ToolArguments, wanted: ItemFilter) -> dict[str, Any]:
    """Arguments as they were understood: the filter in the catalog's own values."""
    return {**arguments.model_dump(mode="json"), "filter": asdict(wanted)}


SEARCH_ITEMS = Tool(
    name="search_items",
    description=(
        "Find items by title, person, topic or plot, without regard to who is asking. Use it to "
        "look something up or when the request names facts. Returns a handle and one line per "
        "item: id | title (year) | genres. An empty query lists the best known that pass the filter."
    ),
    arguments=SearchArguments,
    run=_search_items,
)
RECOMMEND = Tool(
    name="recommend",
    description=(
        "Recommend items to this person: uses their taste, what they liked and disliked, and "
        "leaves out what was already shown. Put hard conditions into filter, soft wishes into "
        "genre_weights, query and avoid, and examples of what they want into like. Returns a "
        "handle and one line per item, best first."
    ),
    arguments=RecommendArguments,
    run=_recommend,
)
SIMILAR_ITEMS = Tool(
    name="similar_items",
    description=(
        "Find the items most like one given item, for anybody. For a personal choice use "
        "recommend with like. Returns a handle and one line per item, most similar first."
    ),
    arguments=SimilarArguments,
    run=_similar_items,
)
RANK_CANDIDATES = Tool(
    name="rank_candidates",
    description=(
        "Put items that you already have into the best order for this person, optionally "
        "favouring some words, and keep the best k. Returns a new handle."
    ),
    arguments=RankArguments,
    run=_rank_candidates,
)
