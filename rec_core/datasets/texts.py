"""Plots, cast and directors from Wikipedia, joined to a film catalog by title and year.

The source are the public files of the project prust/wikipedia-movie-data: one JSON list per decade
with title, year, cast and the beginning of the article. Directors are no field there; they are
read out of the text where it says "directed by" plainly, and only for items that have none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..catalog import Catalog
from ..errors import DamagedFileError, SourceUnreachableError
from ..files import atomic_file
from ..interactions import Interactions
from ..runtime import Progress, no_progress
from ..types import Item
from .dataset import Dataset
from .download import FetchError, fetch_url, sha256_of
from .filesets import FileSet
from .titles import title_key

TEXTS_LICENCE = (
    "The texts are from the English Wikipedia (authors: see each article), under CC BY-SA 4.0; "
    "collected by the project prust/wikipedia-movie-data."
)
_ADDRESS = "https://raw.githubusercontent.com/prust/wikipedia-movie-data/master"
_SOURCE = "wikipedia"
_FIRST_DECADE, _LAST_DECADE = 1900, 2020
_SUMS = "checksums.json"
_CAST_LIMIT = 12

_WORD = r"(?:(?!(?:Jr|Sr)\b)[A-ZÀ-ÖØ-Þ][\w'’\-]+)"
_INITIAL = r"(?:[A-Z]\.)+"
_PARTICLE = r"(?:de|De|del|Del|della|der|di|Di|du|la|La|le|Le|van|Van|von|Von|bin|al|el)"
_NAME = (
    rf"(?:{_WORD}|{_INITIAL})(?: (?:{_WORD}|{_INITIAL}|{_PARTICLE}))* "
    rf"(?:{_WORD}|III|II)(?:,? (?:Jr\.|Sr\.))?"
)
# "co-directed by" and "to be directed by" speak of something else.
_DIRECTED_BY = re.compile(
    r"(?<![\w-])(?<!to be )(?<!originally )(?<!previously )directed by "
    r"(?:(?:the )?(?:brothers|duo|filmmaker) )?"
    rf"(?>(?P<first>{_NAME})(?P<rest>(?:, {_NAME})*,? (?:and|&) (?P<last>{_NAME}))?)"
    # "directed by South Korean film director …"
    r"(?! (?:film|actor|actress|director|comedian|writer|stage|animator|musician|television))"
)
_DIRECTOR_WITHIN = 400  # characters; later mentions are often about other films


@dataclass(frozen=True, kw_only=True)
class TextsReport:
    """How much of a catalog the texts cover.

    Attributes:
        n_items: Items of the catalog.
        n_matched: Items that were found by title and year.
        n_texts, n_cast, n_directors: Items that have such data afterwards.
    """

    n_items: int
    n_matched: int
    n_texts: int
    n_cast: int
    n_directors: int


def attach_texts(
    dataset: Dataset,
    home: Path,
    *,
    source_dir: Path | None = None,
    progress: Progress = no_progress,
) -> tuple[Dataset, TextsReport]:
    """The data set with Wikipedia texts, cast and directors where they were found; nothing saved.

    An item is matched by any of its titles (without case, accents, articles and signs) and its
    year; a year that differs by one counts when only one film has that title then. Where several
    articles fit, none is taken. Cast and directors that the item already has stay as they are.

    The files are kept under home/cache/downloads. Nobody publishes checksums for them, so the
    sha256 of the first download is written down beside them and checked ever after.

    Args:
        dataset: A film data set.
        home: Rapport's folder.
        source_dir: A folder (or zip file) with movies-1900s.json … movies-2020s.json, or
            movies.json; nothing is fetched then.
        progress: Told of the stages "download" and "texts".

    Raises:
        SourceUnreachableError: The address does not answer.
        DamagedFileError: A file does not parse or does not fit its checksum.
    """
    years = [item.year for item in dataset.catalog if item.year is not None]
    files = (
        FileSet(source_dir)
        if source_dir is not None
        else _fetched(home / "cache" / "downloads" / "wikipedia-movie-data", years, progress)
    )
    progress("texts", 0, 1)
    articles = _index(_records(files))
    found = [_article_for(item, articles) for item in dataset.catalog]
    n_matched = sum(article is not None for article in found)
    catalog = Catalog(list(map(_enriched, dataset.catalog, found)))
    report = TextsReport(
        n_items=len(catalog),
        n_matched=n_matched,
        n_texts=sum(bool(item.texts) for item in catalog),
        n_cast=sum(bool(item.cast) for item in catalog),
        n_directors=sum(bool(item.directors) for item in catalog),
    )
    texts_meta = {"source": str(files.place.name), "licence": TEXTS_LICENCE, "n_matched": n_matched}
    enriched = Dataset(
        name=dataset.name,
        catalog=catalog,
        interactions=_same_events(dataset.interactions, catalog),
        meta={**dataset.meta, "texts": texts_meta},
    )
    progress("texts", 1, 1)
    return enriched, report


def _same_events(interactions: Interactions, catalog: Catalog) -> Interactions:
    return Interactions(
        users=interactions.users,
        catalog_ids=catalog.ids,
        user_rows=interactions.user_rows,
        item_rows=interactions.item_rows,
        timestamps=interactions.timestamps if interactions.has_timestamps else None,
        weights=interactions.weights if interactions.has_ratings else None,
    )


def _fetched(folder: Path, years: Iterable[int], progress: Progress) -> FileSet:
    """The decades that the catalog needs. Raises SourceUnreachableError when one is not to be had."""
    decades = {min(max(year // 10 * 10, _FIRST_DECADE), _LAST_DECADE) for year in years}
    sums_path = folder / _SUMS
    sums: dict[str, str] = (
        json.loads(sums_path.read_text(encoding="utf-8")) if sums_path.is_file() else {}
    )
    for decade in sorted(decades):
        name = f"movies-{decade}s.json"
        path = folder / name
        if not path.is_file():
            try:
                fetch_url(f"{_ADDRESS}/{name}", path, progress=progress)
            except FetchError as error:
                raise SourceUnreachableError(
                    f"The Wikipedia texts could not be fetched: {_ADDRESS}/{name}: {error}.",
                    "Connect to the internet and run it again, or put the files into a folder and "
                    "add --texts-from FOLDER.",
                ) from error
        _trust_on_first_use(path, sums)
    with atomic_file(sums_path) as temporary:
        temporary.write_text(json.dumps(sums, indent=1), encoding="utf-8")
    return FileSet(folder)


def _trust_on_first_use(path: Path, sums: dict[str, str]) -> None:
    found = sha256_of(path)
    if sums.setdefault(path.name, found) != found:
        raise DamagedFileError(
            f"{str(path)!r} is not what was downloaded at first (its sha256 differs).",
            "Remove that file and run it again.",
        )


def _records(files: FileSet) -> list[dict[str, Any]]:
    names = sorted(name for name in files.names if re.fullmatch(r"movies-\d{4}s\.json", name))
    names = names or [name for name in ("movies.json",) if name in files.names]
    if not names:
        raise DamagedFileError(
            f"{str(files.place)!r} has no movies-1990s.json or the like.",
            "Expected are the JSON files of prust/wikipedia-movie-data.",
        )
    records: list[dict[str, Any]] = []
    for name in names:
        with files.open(name) as stream:
            try:
                values = json.load(stream)
            except ValueError as error:
                raise DamagedFileError(
                    f"{name!r} in {str(files.place)!r} is not JSON ({error}).", "Get it again."
                ) from error
        if not isinstance(values, list):
            raise DamagedFileError(f"{name!r} in {str(files.place)!r} is not a list of films.")
        records.extend(value for value in values if isinstance(value, dict))
    return records


_Articles = Mapping[str, Mapping[int, list[dict[str, Any]]]]


def _index(records: Iterable[dict[str, Any]]) -> _Articles:
    """Title key -> year -> films; only films with a text or a cast."""
    index: dict[str, dict[int, list[dict[str, Any]]]] = {}
    for record in records:
        title, year = record.get("title"), record.get("year")
        if not isinstance(title, str) or not isinstance(year, int):
            continue
        if record.get("extract") or record.get("cast"):
            index.setdefault(title_key(title), {}).setdefault(year, []).append(record)
    return index


def _article_for(item: Item, articles: _Articles) -> dict[str, Any] | None:
    """The one film that fits, else None."""
    if item.year is None:
        return None
    for title in (item.title, *item.alt_titles):
        of_year = articles.get(title_key(title), {})
        exact = of_year.get(item.year, [])
        near = [*of_year.get(item.year - 1, []), *of_year.get(item.year + 1, [])]
        found = _distinct(exact) or _distinct(near)
        if len(found) == 1:
            return found[0]
    return None


def _distinct(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One record for each article; of several for one article the one with the longest text."""
    best: dict[str, dict[str, Any]] = {}
    for record in sorted(records, key=lambda record: -len(record.get("extract") or "")):
        best.setdefault(str(record.get("href")), record)
    return list(best.values())


def _enriched(item: Item, article: Mapping[str, Any] | None) -> Item:
    if article is None:
        return item
    text = article.get("extract")
    text = " ".join(text.split()) if isinstance(text, str) else ""
    return replace(
        item,
        texts={**item.texts, _SOURCE: text} if text else item.texts,
        cast=item.cast or clean_cast(article.get("cast")),
        directors=item.directors or directors_in(text),
    )


def clean_cast(values: object) -> tuple[str, ...]:
    """Names out of a cast list that was cut at commas: "Jr." goes back, remarks go out."""
    names: list[str] = []
    for value in values if isinstance(values, list) else []:
        name = " ".join(str(value).split())
        if name in ("Jr.", "Jr", "Sr.", "Sr", "III") and names:
            names[-1] = f"{names[-1]} {name}"
        elif name[:1].isupper() and " " in name:
            names.append(name.replace(", Jr.", " Jr."))
    return tuple(dict.fromkeys(names))[:_CAST_LIMIT]


def directors_in(text: str) -> tuple[str, ...]:
    """Who directed, where the beginning of an article says so plainly; else nobody.

    "A, B and C" is a list; in "A, B" the second name may belong to what follows and is left out.
    """
    match = _DIRECTED_BY.search(text[:_DIRECTOR_WITHIN])
    if match is None or match.end() == _DIRECTOR_WITHIN:
        return ()
    names = [match["first"]]
    if match["rest"]:
        between = match["rest"][: match.start("last") - match.start("rest")]
        names += re.findall(_NAME, between)
        names.append(match["last"])
    return tuple(dict.fromkeys(name.replace(", ", " ") for name in names))
