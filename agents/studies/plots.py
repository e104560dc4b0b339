"""Pictures of figures as SVG: intervals, curves and dots, drawn here so that a page needs nothing else."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

# Told apart by people who do not see all colours (after Okabe and Ito).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b07d00", "#2b8fc4", "#555555")
_GREY = "#888888"


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One line of a picture of intervals."""

    label: str
    value: float
    low: float
    high: float
    colour: str = COLOURS[0]


def intervals(
    bars: Sequence[Bar], *, title: str, is_share: bool = False, zero_line: bool = False
) -> str:
    """A dot and its 95 % interval for each line, on one axis below; the figure at the right.

    Args:
        bars: Lines from top to bottom; those with NaN are left empty.
        title: For people who cannot see the picture.
        is_share: Show per cent.
        zero_line: Mark 0, for differences; the axis then always has it.
    """
    width, left, right, row = 740, 200, 190, 26
    known = [v for bar in bars for v in (bar.low, bar.high, bar.value) if not math.isnan(v)]
    ticks = axis_ticks([*known, *([0.0] if zero_line else [])])
    height = 12 + row * len(bars) + 28

    def x(value: float) -> float:
        span = ticks[-1] - ticks[0]
        return left + (width - left - right) * (value - ticks[0]) / (span or 1.0)

    parts = [_grid(x(tick), 8, height - 24, _figure(tick, is_share, ticks)) for tick in ticks]
    if zero_line:
        parts.append(_vertical(x(0.0), 8, height - 24, "currentColor"))
    for number, bar in enumerate(bars):
        y = 12 + row * number + row / 2
        parts.append(_text(left - 10, y + 4, bar.label, "end"))
        if math.isnan(bar.value):
            continue
        parts.append(
            f'<line x1="{x(bar.low):.1f}" x2="{x(bar.high):.1f}" y1="{y:.1f}" y2="{y:.1f}" '
            f'stroke="{bar.colour}" stroke-width="5" stroke-opacity=".45" stroke-linecap="round"/>'
            f'<circle cx="{x(bar.value):.1f}" cy="{y:.1f}" r="5" fill="{bar.colour}"/>'
        )
        said = _figure(bar.value, is_share, None)
        ends = (_figure(end, is_share, None).removesuffix(" %") for end in (bar.low, bar.high))
        between = " to ".join(ends)
        parts.append(_text(width - right + 16, y + 4, f"{said} ({between})", "start", size=12))
    return _svg(width, height, title, parts)


def curves(lines: Mapping[str, Sequence[float]], *, title: str, x_label: str) -> str:
    """Shares over 1, 2, 3 … as one line a name, names at the right end."""
    width, height, left, right, top, bottom = 680, 300, 60, 170, 14, 44
    longest = max((len(values) for values in lines.values()), default=1)
    ticks = axis_ticks([0.0, *(v for values in lines.values() for v in values)])

    def x(place: int) -> float:
        return left + (width - left - right) * (place / max(longest - 1, 1))

    def y(value: float) -> float:
        return height - bottom - (height - top - bottom) * value / (ticks[-1] or 1.0)

    parts = [
        f'<line x1="{left}" x2="{width - right}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" '
        f'stroke="#8884"/>{_text(left - 8, y(tick) + 4, _figure(tick, True, ticks), "end", size=12)}'
        for tick in ticks
    ]
    parts += [
        _text(x(place), height - bottom + 18, str(place + 1), "middle", size=12)
        for place in range(longest)
    ]
    parts.append(_text((left + width - right) / 2, height - 6, x_label, "middle", size=12))
    ends = _spread([y(values[-1]) for values in lines.values() if values], 15)
    for number, (name, values) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(f"{x(place):.1f},{y(value):.1f}" for place, value in enumerate(values))
        dots = "".join(
            f'<circle cx="{x(place):.1f}" cy="{y(value):.1f}" r="3.5" fill="{colour}"/>'
            for place, value in enumerate(values)
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}'
        )
        if values:
            parts.append(_text(width - right + 12, ends[number] + 4, name, "start", colour=colour))
    return _svg(width, height, title, parts)


def scatter(
    points: Mapping[str, tuple[float, float]],
    *,
    title: str,
    x_label: str,
    y_label: str,
    y_is_share: bool = False,
) -> str:
    """One named dot each."""
    width, height, left, right, top, bottom = 680, 320, 70, 110, 28, 48
    x_ticks = axis_ticks([one for one, _ in points.values()])
    y_ticks = axis_ticks([other for _, other in points.values()])

    def x(value: float) -> float:
        return left + (width - left - right) * (value - x_ticks[0]) / (x_ticks[-1] - x_ticks[0])

    def y(value: float) -> float:
        return (
            height
            - bottom
            - (height - top - bottom) * (value - y_ticks[0]) / (y_ticks[-1] - y_ticks[0])
        )

    parts = [
        _grid(x(tick), top, height - bottom, _figure(tick, False, x_ticks)) for tick in x_ticks
    ]
    parts += [
        f'<line x1="{left}" x2="{width - right}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" '
        f'stroke="#8884"/>'
        f"{_text(left - 8, y(tick) + 4, _figure(tick, y_is_share, y_ticks), 'end', size=12)}"
        for tick in y_ticks
    ]
    parts.append(_text((left + width - right) / 2, height - 8, x_label, "middle", size=12))
    parts.append(_text(left, 14, y_label, "start", size=12))
    by_height = sorted(points, key=lambda name: y(points[name][1]))
    heights = _spread([y(points[name][1]) for name in by_height], 14)
    for name, label_y in zip(by_height, heights, strict=True):
        one, other = points[name]
        colour = COLOURS[list(points).index(name) % len(COLOURS)]
        parts.append(f'<circle cx="{x(one):.1f}" cy="{y(other):.1f}" r="6" fill="{colour}"/>')
        parts.append(_text(x(one) + 10, label_y + 4, name, "start", colour=colour))
    return _svg(width, height, title, parts)


def axis_ticks(values: Sequence[float]) -> list[float]:
    """Four to seven round numbers that reach from below the lowest value to above the highest."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if 0 <= low < 0.5 * high:
        low = 0.0
    span = (high - low) or abs(high) or 1.0
    rough = span / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(one * power for one in (1, 2, 2.5, 5, 10) if one * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, max(last, first + 1) + 1)]


def _figure(value: float, is_share: bool, ticks: Sequence[float] | None) -> str:
    scaled = 100 * value if is_share else value
    if ticks is None:
        return f"{scaled:.1f} %" if is_share else f"{value:.2f}"
    step = abs(ticks[1] - ticks[0]) * (100 if is_share else 1) if len(ticks) > 1 else 1.0
    digits = max(0, -math.floor(math.log10(step) + 1e-9)) if step else 0
    half = digits + 1 if abs(round(step, digits) - step) > step / 100 else digits
    text = f"{scaled:.{half}f}"
    text = text.removeprefix("-") if not float(text) else text
    return f"{text} %" if is_share else text


def _spread(places: Sequence[float], gap: float) -> list[float]:
    """The same places, pushed apart so that neighbours are at least `gap` away from each other."""
    order = sorted(range(len(places)), key=lambda number: places[number])
    result = list(places)
    for before, after in pairwise(order):
        result[after] = max(result[after], result[before] + gap)
    return result


def _grid(x: float, top: float, bottom: float, label: str) -> str:
    return _vertical(x, top, bottom, "#8884") + _text(x, bottom + 16, label, "middle", size=12)


def _vertical(x: float, top: float, bottom: float, colour: str) -> str:
    return f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}" stroke="{colour}"/>'


def _text(
    x: float, y: float, text: str, anchor: str, *, size: int = 13, colour: str = "currentColor"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
        f'fill="{colour}">{html.escape(text)}</text>'
    )


def _svg(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" '
        f'aria-label="{html.escape(title, quote=True)}">{"".join(parts)}</svg>'
    )
