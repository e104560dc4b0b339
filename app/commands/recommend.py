"""`rapport recommend`: the recommender without a conversation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from ..settings import load_settings

if TYPE_CHECKING:
    from rec_core import Recommendation, Recommender


def recommend(
    *,
    user: Annotated[str | None, typer.Option(help="A user of the data set.")] = None,
    history: Annotated[
        str | None, typer.Option(help="Liked items, oldest first: ids separated by commas.")
    ] = None,
    query: Annotated[str, typer.Option(help="A wish in words.")] = "",
    k: Annotated[int, typer.Option("--k", "-k", min=1, max=1000, help="How many.")] = 10,
    data: Annotated[str | None, typer.Option(help="Data set; default: the one in use.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Recommend for a user, for a list of liked items, for a wish in words, or for nobody at all."""
    from rec_core import Recommender, RecommendRequest

    settings = load_settings(data=data)
    recommender = Recommender.load(settings.model_folder)
    if user is not None:
        recommender.user_history(user)  # a clear error for a user that the data does not have
    liked = tuple(part.strip() for part in (history or "").split(",") if part.strip())
    request = RecommendRequest(k=k, user_id=user, history=liked, query=query)
    answer = recommender.recommend(request)
    if as_json:
        typer.echo(json.dumps(_as_json(recommender, answer), ensure_ascii=False))
        return
    _print_table(recommender, answer)


def _as_json(recommender: Recommender, answer: Recommendation) -> dict[str, object]:
    items = []
    for candidate in answer.candidates:
        item = recommender.catalog[candidate.item_id]
        items.append(
            {
                "item_id": item.item_id,
                "title": item.title,
                "year": item.year,
                "genres": list(item.genres),
                "score": round(candidate.score, 4),
                "parts": {name: round(value, 4) for name, value in candidate.parts.items()},
            }
        )
    return {"strategy": answer.strategy, "n_matching": answer.n_matching, "items": items}


def _print_table(recommender: Recommender, answer: Recommendation) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from ..render import clean

    table = Table(title=f"Strategy: {answer.strategy}", title_justify="left")
    table.add_column("id", justify="right")
    table.add_column("title")
    table.add_column("genres")
    table.add_column("score", justify="right")
    for candidate in answer.candidates:
        item = recommender.catalog[candidate.item_id]
        genres = escape(clean(", ".join(item.genres)))
        label = escape(clean(item.label))
        table.add_row(escape(clean(item.item_id)), label, genres, f"{candidate.score:.2f}")
    Console().print(table)
