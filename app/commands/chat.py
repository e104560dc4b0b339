"""`rapport chat`: the page, or the same conversation in the terminal."""

from __future__ import annotations

import sys
import threading
import urllib.parse
from typing import TYPE_CHECKING, Annotated

import typer

from ..environment import has_display
from ..progress import progress_bars
from ..settings import Settings, load_settings

if TYPE_CHECKING:
    from agents import ConversationalRecommender


def chat(
    terminal: Annotated[
        bool, typer.Option("--terminal", "-t", help="Talk here instead of in a browser.")
    ] = False,
    host: Annotated[
        str | None,
        typer.Option(help="Address to serve on (127.0.0.1).", show_default=False),
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to serve on (7860).", show_default=False)
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="Data set to talk about (ml-100k).", show_default=False),
    ] = None,
    user: Annotated[
        str | None, typer.Option(help="Whose conversation it is.", show_default=False)
    ] = None,
    rewriter: Annotated[
        str | None,
        typer.Option(
            help="Who turns the conversation into a query: none, shipped, or an adapter's folder.",
            show_default=False,
        ),
    ] = None,
    open_page: Annotated[
        bool | None,
        typer.Option(
            "--open/--no-open", help="Open the page in a browser (if there is a display)."
        ),
    ] = None,
) -> None:
    """Open the chat page, after setting up whatever is missing.

    Examples:
      rapport chat
      rapport chat --port 8000 --no-open
      echo "a quiet western" | rapport chat --terminal
    """
    settings = load_settings(host=host, port=port, data=data, user=user, rewriter=rewriter)
    if terminal:
        _talk(settings)
    else:
        _serve(settings, _wants_browser() if open_page is None else open_page)


def _talk(settings: Settings) -> None:
    from ..build import build_agent, ensure_set_up
    from ..terminal import Terminal

    with progress_bars(quiet=not sys.stderr.isatty()) as progress:
        ensure_set_up(settings, progress)
    Terminal(build_agent(settings), settings.user).run()


def _serve(settings: Settings, open_page: bool) -> None:
    # Cheap refusals first: nobody should wait for a training to learn that the port is taken.
    from ..page.serve import check_exposure, claim_port, serve, web_app

    check_exposure(settings)
    claimed = claim_port(settings)
    from ..build import build_agent, ensure_set_up, load_models, warm_up
    from ..page.service import PageService

    with claimed:
        with progress_bars() as progress:
            ensure_set_up(settings, progress)
        agent = build_agent(settings)
        app = web_app(settings, PageService(agent), footer=_footer(settings, agent))
        address = f"http://{_shown_host(settings.host)}:{settings.port}"
        threading.Thread(target=warm_up, args=(agent.recommender,), daemon=True).start()
        threading.Thread(target=load_models, args=(agent,), daemon=True).start()
        typer.echo(f"Rapport is at {address} (Ctrl-C ends it)")
        if open_page:
            typer.launch(address)
        serve(app, claimed)


def _footer(settings: Settings, agent: ConversationalRecommender) -> str:
    titles = f"{len(agent.recommender.catalog):,} titles from {settings.data}"
    if not settings.llm.is_configured:
        return f"{titles} · planned by what is built in · everything stays on this computer"
    server = urllib.parse.urlsplit(settings.llm.base_url).hostname or settings.llm.base_url
    return f"{titles} · planned by {settings.llm.model}, so {server} sees the conversation"


def _shown_host(host: str) -> str:
    if host in {"0.0.0.0", "::"}:  # noqa: S104 shown, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _wants_browser() -> bool:
    """A browser makes sense where somebody sits: a terminal, and a display to show it on."""
    if not sys.stdout.isatty():
        return False
    return sys.platform in {"darwin", "win32"} or has_display()
