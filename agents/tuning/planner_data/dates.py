"""Years in words for training messages: "from the early nineties" with the bounds that it states.

The stretches called early, mid and late are those that the rules use: the first four years, the middle, the last four.
"""

from __future__ import annotations

import numpy as np

Bounds = tuple[int | None, int | None]

_DECADES = {
    1920: "twenties", 1930: "thirties", 1940: "forties", 1950: "fifties", 1960: "sixties", 1970: "seventies",
    1980: "eighties", 1990: "nineties", 2000: "two thousands", 2010: "twenty tens",
}  # fmt: skip
_LATEST = 2024
# How often each decade is spoken of.
_SHARES = np.array([1, 2, 3, 4, 5, 8, 12, 12, 8, 6], dtype=float)


def say_years(line: str, generator: np.random.Generator) -> tuple[str, Bounds]:
    """A line of the bank `years` ("from the {d}|{Y},{Z}") with its slots filled: words and inclusive bounds.

    Slots: {d} "90s" or "1990s", {D} "nineties", {y} a year, {z} a later one; {Y} and {Z} first and
    last year of the decade, {Y3} {Y6} three and six years on, {d2} {Z2} the next decade.
    """
    words, _, bounds = line.partition("|")
    decades = list(_DECADES)
    decade = int(generator.choice(decades[:-1], p=_SHARES[:-1] / _SHARES[:-1].sum()))
    year = min(decade + int(generator.integers(10)), _LATEST - 5)
    later = min(year + int(generator.integers(1, 15)), _LATEST)
    if generator.random() < 0.3:
        year = round(year, -1) if round(year, -1) < _LATEST - 5 else year
        later = max(later, year + 1)
    values = {
        "d": _short(decade, generator), "D": _DECADES[decade], "D2": _DECADES[decade + 10], "y": year, "z": later,
        "Y": decade, "Z": decade + 9, "Y3": decade + 3, "Y6": decade + 6, "d2": _short(decade + 10, generator),
        "Z2": decade + 19, "y-1": year - 1, "y+1": year + 1, "Y-1": decade - 1, "Z+1": decade + 10, "y-2": year - 2, "y+2": year + 2,
    }  # fmt: skip
    for name, value in values.items():
        words = words.replace(f"{{{name}}}", str(value))
        bounds = bounds.replace(f"{{{name}}}", str(value))
    low, high = (int(bound) if bound else None for bound in bounds.split(","))
    return words, (low, high)


def _short(decade: int, generator: np.random.Generator) -> str:
    if decade >= 2000 or decade < 1930:
        return f"{decade}s"
    tens = decade % 100
    forms = (f"{tens}s", f"{tens}s", f"{decade}s", f"'{tens}s", f"{tens}'s")
    return forms[int(generator.integers(len(forms)))]
