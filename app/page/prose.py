"""A small and safe Markdown: everything is escaped first, then a handful of marks become tags.

Known: paragraphs, line breaks, **bold**, *italic*, `code`, "- " and "1. " lists, "### " headings and
pipe tables. Links and images stay plain words: neither a model nor a title may point anywhere.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from ..render import clean

_LINK = re.compile(r"!?\[([^\]\n]{0,300})\]\([^)\n]{0,2000}\)")
_BOLD = re.compile(r"\*\*(?=\S)(.{1,400}?)(?<=\S)\*\*")
_ITALIC = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,400}?)(?<=[^\s*])\*(?![\w*])")
_CODE = re.compile(r"`([^`\n]{1,200})`")
_BULLET = re.compile(r"\s*[-*•]\s+(.*)")
_NUMBER = re.compile(r"\s*\d{1,3}[.)]\s+(.*)")
_HEADING = re.compile(r"\s*#{1,6}\s+(.*)")
_RULE = re.compile(r"\s*\|?[\s:|-]*-{2,}[\s:|-]*\|?\s*")


def escape(text: str) -> str:
    """Cleaned text that is safe inside a tag and inside a quoted attribute."""
    return html.escape(clean(text), quote=True)


def prose(text: str) -> str:
    """Markup for a text of unknown origin; "" for an empty one."""
    blocks = re.split(r"\n\s*\n", clean(text).strip())
    return "".join(_block(block.splitlines()) for block in blocks if block.strip())


def _block(lines: Sequence[str]) -> str:
    """One block may mix a lead-in sentence with a list below it; runs of equal kind go together."""
    parts: list[str] = []
    run: list[str] = []
    kind = ""
    for line in lines:
        found = _kind(line)
        if run and found != kind:
            parts.append(_run(kind, run))
            run = []
        kind = found
        run.append(line)
    parts.append(_run(kind, run))
    return "".join(parts)


def _kind(line: str) -> str:
    if _BULLET.fullmatch(line):
        return "ul"
    if _NUMBER.fullmatch(line):
        return "ol"
    if _HEADING.fullmatch(line):
        return "h"
    return "table" if line.strip().startswith("|") and line.count("|") > 1 else "p"


def _run(kind: str, lines: Sequence[str]) -> str:
    if kind in {"ul", "ol"}:
        pattern = _BULLET if kind == "ul" else _NUMBER
        matches = (pattern.fullmatch(line) for line in lines)
        items = "".join(f"<li>{_inline(match.group(1))}</li>" for match in matches if match)
        return f"<{kind}>{items}</{kind}>"
    if kind == "h":
        return "".join(f"<h4>{_inline(line.lstrip().lstrip('#').strip())}</h4>" for line in lines)
    if kind == "table":
        return _table(lines)
    return "<p>" + "<br>".join(_inline(line) for line in lines) + "</p>"


def _table(lines: Sequence[str]) -> str:
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in lines
        if not _RULE.fullmatch(line)
    ]
    if not rows:
        return ""
    has_head = len(lines) > 1 and _RULE.fullmatch(lines[1]) is not None
    body = []
    for position, row in enumerate(rows):
        tag = "th" if has_head and position == 0 else "td"
        body.append("<tr>" + "".join(f"<{tag}>{_inline(cell)}</{tag}>" for cell in row) + "</tr>")
    return f'<div class="rp-table"><table>{"".join(body)}</table></div>'


def _inline(text: str) -> str:
    safe = html.escape(_LINK.sub(r"\1", text), quote=True)
    safe = _CODE.sub(r"<code>\1</code>", safe)
    safe = _BOLD.sub(r"<strong>\1</strong>", safe)
    return _ITALIC.sub(r"<em>\1</em>", safe)
