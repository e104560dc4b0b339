"""Line icons as inline SVG: no icon font, no request, and they take the colour of their text."""

from __future__ import annotations

_PATHS = {
    "like": "M7 10v10H4V10zM7 10l4-7c1.7 0 2.5 1 2.2 2.8L12.6 9H19a2 2 0 0 1 2 2.4l-1.3 6.9"
    "A2 2 0 0 1 17.7 20H7",
    "dislike": "M17 14V4h3v10zM17 14l-4 7c-1.7 0-2.5-1-2.2-2.8l.6-3.2H5a2 2 0 0 1-2-2.4"
    "l1.3-6.9A2 2 0 0 1 6.3 4H17",
    "not_seen": "M3 3l18 18M10.6 5.2A10 10 0 0 1 12 5c6 0 9.5 7 9.5 7a17 17 0 0 1-2.7 3.5"
    "M6.5 6.6A16 16 0 0 0 2.5 12S6 19 12 19c1.7 0 3.2-.5 4.5-1.3M9.9 10a3 3 0 0 0 4.2 4.2",
    "why": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M9.5 9.5a2.5 2.5 0 1 1 3.6 2.2"
    "c-.7.4-1.1.9-1.1 1.8M12 16.8v.2",
    "retry": "M4 12a8 8 0 1 0 2.5-5.8L4 8.5M4 4v4.5h4.5",
    "undo": "M9 14L4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
    "plus": "M12 5v14M5 12h14",
    "pencil": "M4 20h4L19 9l-4-4L4 16zM13.5 6.5l4 4",
    "trash": "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v6M14 11v6",
    "menu": "M4 6h16M4 12h16M4 18h16",
    "check": "M5 12.5l4.5 4.5L19 7.5",
    "note": "M12 8v5M12 16.5v.1M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18",
    "spark": "M12 3l1.8 5.2L19 10l-5.2 1.8L12 17l-1.8-5.2L5 10l5.2-1.8zM19 16v4M17 18h4",
}


def icon(name: str) -> str:
    """The icon as markup, hidden from screen readers: the button beside it carries the words."""
    return (
        '<svg class="rp-icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">'
        f'<path d="{_PATHS[name]}"/></svg>'
    )
