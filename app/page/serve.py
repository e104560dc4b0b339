"""Serves the page: one process, loopback unless people have to log in, nothing from other machines."""

from __future__ import annotations

import errno
import socket
from collections.abc import Awaitable, Callable

import gradio as gr
import uvicorn
from fastapi import FastAPI, Request, Response
from starlette.middleware.trustedhost import TrustedHostMiddleware

from rec_core import SettingsError

from ..settings import Settings
from .page import STYLE, TITLE, build_page, theme
from .service import PageService

# Gradio's client compiles templates, hence 'unsafe-eval'; nothing may come from another machine.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "frame-ancestors 'none'; form-action 'self'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_HEAD = (
    f'<meta name="application-name" content="{TITLE}">'
    '<meta name="color-scheme" content="light dark">'
    f"<style>{STYLE}</style>"
)


def check_exposure(settings: Settings) -> None:
    """Refuse to be reachable from other machines while nobody has to log in."""
    if not settings.is_local_only and not settings.logins:
        raise SettingsError(
            f"Serving on {settings.host} would let anybody on the network read and change conversations.",
            "Set RAPPORT_AUTH=name:password, or stay on 127.0.0.1.",
        )


def claim_port(settings: Settings) -> socket.socket:
    """A socket bound to the page's address, before any slow work is done.

    Raises:
        SettingsError: the port is taken, forbidden, or the host is not one of this machine.
    """
    place = f"{settings.host}:{settings.port}"
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
    except OSError as fault:
        raise SettingsError(
            f"There is no host called {settings.host!r}.", "Use 127.0.0.1."
        ) from fault
    claimed = socket.socket(family, socket.SOCK_STREAM)
    claimed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        claimed.bind((settings.host, settings.port))
    except OSError as fault:
        claimed.close()
        raise SettingsError(*_bind_problem(fault, place, settings.port)) from fault
    return claimed


def web_app(settings: Settings, service: PageService, *, footer: str) -> FastAPI:
    """The page inside our own web application: host check, security headers, no API pages."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.middleware("http")
    async def add_headers(
        request: Request, follow: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await follow(request)
        response.headers.update(_HEADERS)
        return response

    if settings.is_local_only:
        # A page elsewhere could point its own host name at 127.0.0.1 and read along.
        app.add_middleware(
            TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]", "::1"]
        )
    return gr.mount_gradio_app(
        app,
        build_page(service, user=settings.user, footer=footer),
        path="/",
        auth=list(settings.logins) or None,
        footer_links=[],
        run_history=False,
        show_error=False,
        allowed_paths=[],
        max_file_size="1kb",
        ssr_mode=False,
        enable_monitoring=False,
        mcp_server=False,
        pwa=False,
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
        theme=theme(),
        # Not `css=`: gradio rewrites each selector of that and breaks `:is()` and shorthands with var().
        head=_HEAD,
    )


def serve(app: FastAPI, claimed: socket.socket) -> None:
    """Serve until Ctrl-C."""
    config = uvicorn.Config(
        app, log_level="warning", timeout_graceful_shutdown=2, server_header=False
    )
    uvicorn.Server(config).run(sockets=[claimed])


def _bind_problem(fault: OSError, place: str, port: int) -> tuple[str, str]:
    if fault.errno == errno.EADDRINUSE:
        other = port + 1 if port < 65535 else port - 1
        return (
            f"Port {port} is already in use ({place}); perhaps Rapport is running there.",
            f"Open that page, stop the other program, or choose another port: --port {other}.",
        )
    if fault.errno in {errno.EACCES, errno.EPERM}:
        return (
            f"Port {port} may not be used without special rights.",
            "Choose one above 1023: --port 7860.",
        )
    return f"Cannot serve on {place}: {fault.strerror}.", "Use --host 127.0.0.1."
