"""Search in words: how often titles, people and texts are found, and how often a match is false.

    python benchmarks/search_words.py --catalog FILE [--parts titles people sentences words filters]
    python benchmarks/search_words.py --parts scale --sizes 100000 1000000

FILE is a film catalog as JSON lines (.jsonl, .jsonl.gz: item_id, title, year, alt_titles, genres,
directors, cast, user_tags, genome_tags, text_*) or the catalog.parquet of an imported data set.

titles     The index is built on nine tenths of the items. Known titles are asked for as written, in
           other cases, without article, with one and two typing errors, cut short, by another title:
           `right` is the share whose first answer is the item or one of the same name. Not to be
           found are the titles held out (except those that share a name with an item kept) and
           phrases of two to six everyday words cut out of texts (except those that are titles).
           The curve gives both for each threshold; "development" chooses, "held back" reports.
people     The same for people: a tenth of all names is taken out of the index.
sentences  Titles in mid-sentence, from templates, with and without typing errors; false spots in
           prose, and in the templates with titles held out.
words      Known-item search: the query is the first sentence of one text, without the title, and
           the index does not hold that text. Recall at 1, 10, 50 for BM25, vectors and their fusion;
           fusion weight by development half. Tags: share of the first ten that carry genre and tag.
filters    Search under a filter against ranking everything first and filtering after.
scale      Build time, memory and time a query on synthetic names of growing number.

Typing errors are drawn from a seeded generator: a neighbouring key, a letter left out, doubled, or
swapped with the next; one in ten may hit the first letter; digits stay. Times are CPU-seconds.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measuring import machine, measured, peak_megabytes
from benchmarks.name_probes import (
    Report,
    everyday_phrases,
    held_out,
    people_part,
    share_of,
    shares_a_name,
    title_key,
    titles_part,
    typing_errors,
)
from rec_core import Catalog, HashEncoder, Item, ItemFilter, MiniLMEncoder, SearchEngine
from rec_core.search.engine import fuse
from rec_core.search.exact_index import top_rows
from rec_core.search.keyword import KeywordIndex
from rec_core.search.people import PeopleIndex
from rec_core.search.titles import TitleIndex, names_of

TEMPLATES = (
    "something like {} but darker",
    "{} sucks",
    "i loved {}",
    "have you seen {}?",
    "not {}, I mean something else",
    "we watched {} yesterday and it was fine",
    "{} was great",
)
WEIGHTS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
DEPTHS = (1, 10, 50)
FUSION_DEPTH = 200
EXHAUSTIVE = 10**9


def read_catalog(path: Path) -> Catalog:
    """A catalog from JSON lines of films, or from the parquet file of an imported data set."""
    if path.suffix == ".parquet":
        return Catalog.load(path)
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    return Catalog([_film(json.loads(line)) for line in text.split("\n") if line])


def _film(row: dict[str, Any]) -> Item:
    def names(*columns: str) -> tuple[str, ...]:
        found = (name for column in columns for name in (row.get(column) or ()))
        return tuple(dict.fromkeys(str(name) for name in found if str(name).strip()))

    texts = {
        column.removeprefix("text_"): str(text)
        for column, text in row.items()
        if column.startswith("text_") and text
    }
    year = row.get("year")
    return Item(
        item_id=str(row["item_id"]),
        title=str(row["title"] or row["item_id"]),
        year=int(str(year)) if year else None,
        genres=names("genres"),
        directors=names("directors"),
        cast=names("cast"),
        tags=names("user_tags", "genome_tags"),
        alt_titles=names("alt_titles"),
        texts=texts,
    )


def sentences_part(catalog: Catalog, queries: int, seed: int) -> Report:
    """Titles spotted in the middle of a sentence, and false ones."""
    kept, gone = held_out(catalog, seed)
    with tempfile.TemporaryDirectory() as folder:
        engine = SearchEngine.build(kept, HashEncoder(8), Path(folder))
        return _spotting(engine, gone, queries, seed)


def _spotting(engine: SearchEngine, gone: Sequence[Item], queries: int, seed: int) -> Report:
    generator = np.random.default_rng(seed + 3)
    kept = engine.catalog
    items = [
        kept.at(int(row))
        for row in generator.permutation(len(kept))
        if len(kept.at(int(row)).title) > 5
    ]
    recall: dict[str, float] = {}
    for kind, count in (("as written", 0), ("one error", 1)):
        hits = []
        for number, item in enumerate(items[:queries]):
            said = item.title if count == 0 else typing_errors(item.title.lower(), count, generator)
            text = TEMPLATES[number % len(TEMPLATES)].format(said)
            same = {title_key(kept[m.item_id].title) for m in engine.spot_titles(text)}
            hits.append(title_key(item.title) in same)
        recall[kind] = share_of(hits)
    present = {title_key(name) for item in kept for name, _ in names_of(item)}
    absent = [item.title for item in gone if not shares_a_name(item, present)]
    said = [TEMPLATES[n % len(TEMPLATES)].format(name) for n, name in enumerate(absent[:queries])]
    phrases = everyday_phrases(kept, queries, generator)
    return {
        "found": recall,
        "sentences_with_a_false_title": {
            "templates with titles held out": share_of([bool(engine.spot_titles(s)) for s in said]),
            "everyday phrases": share_of([bool(engine.spot_titles(s)) for s in phrases]),
        },
    }


def first_sentence(text: str, title: str) -> str:
    """The first sentence of a text without the title."""
    sentence = re.split(r"(?<=[.!?])\s", text.strip(), maxsplit=1)[0]
    return re.sub(re.escape(title), " ", sentence, flags=re.IGNORECASE).strip()


def words_part(catalog: Catalog, encoder_name: str, args: argparse.Namespace) -> Report:
    """Known-item search and tag search."""
    asked_field = args.query_text
    generator = np.random.default_rng(args.seed + 4)
    items = list(catalog)
    if args.limit and args.limit < len(items):
        chosen = np.sort(generator.choice(len(items), size=args.limit, replace=False))
        items = [items[i] for i in chosen]
    questions = [
        (row, first_sentence(item.texts[asked_field], item.title))
        for row, item in enumerate(items)
        if asked_field in item.texts and len(item.texts) > 1
    ]
    picked = generator.permutation(len(questions))[: 2 * args.queries]
    questions = [questions[i] for i in picked]
    stripped = [
        replace(item, texts={k: v for k, v in item.texts.items() if k != asked_field})
        for item in items
    ]
    encoder = MiniLMEncoder(args.cache) if encoder_name == MiniLMEncoder.name else HashEncoder()
    with tempfile.TemporaryDirectory() as folder:
        with measured() as watch:
            engine = SearchEngine.build(Catalog(stripped), encoder, Path(folder))
        keyword = KeywordIndex.load(Path(folder) / "bm25")
        report = _known_items(engine, keyword, questions)
        tags = _tag_search(engine, generator, args.queries)
    return {
        "items": len(items),
        "encoder": encoder.name,
        "build_cpu_seconds": round(watch.cpu_seconds, 1),
        **report,
        **tags,
    }


def _known_items(
    engine: SearchEngine, keyword: KeywordIndex, questions: Sequence[tuple[int, str]]
) -> Report:
    rankings = []
    with measured() as watch:
        for _, query in questions:
            scores = keyword.scores(query)
            words = top_rows(scores, FUSION_DEPTH, scores > 0)
            rankings.append((words, top_rows(engine.text_scores(query), FUSION_DEPTH)))
    targets = [row for row, _ in questions]

    def recalls(found: Sequence[np.ndarray], half: int) -> dict[str, float]:
        pairs = list(zip(found, targets, strict=True))[half::2]
        return {f"R@{k}": share_of([bool((r[:k] == t).any()) for r, t in pairs]) for k in DEPTHS}

    def fused(weight: float) -> list[np.ndarray]:
        lists = [fuse({"bm25": words, "dense": dense}, weight) for words, dense in rankings]
        return [np.array([row for row, _ in ranked], dtype=np.int64) for ranked in lists]

    by_weight = {weight: recalls(fused(weight), 0) for weight in WEIGHTS}
    best = max(by_weight, key=lambda weight: (by_weight[weight]["R@10"], -abs(weight - 1)))
    shipped = [[engine.catalog.ids.row(c.item_id) for c in engine.search(q)] for _, q in questions]
    return {
        "questions": len(questions),
        "milliseconds_a_question_both_lists": round(1000 * watch.cpu_seconds / len(questions), 2),
        "development_dense_weight": {str(w): shares for w, shares in by_weight.items()},
        "best_dense_weight": best,
        "held_back": {
            "bm25": recalls([words for words, _ in rankings], 1),
            "dense": recalls([dense for _, dense in rankings], 1),
            f"fused, dense weight {best}": recalls(fused(best), 1),
            "fused, equal weights": recalls(fused(1.0), 1),
            "SearchEngine.search": recalls([np.array(rows) for rows in shipped], 1),
        },
    }


def _tag_search(engine: SearchEngine, generator: np.random.Generator, count: int) -> Report:
    """The share of the first ten that carry both the genre and the tag asked for."""
    pairs: dict[tuple[str, str], int] = {}
    for item in engine.catalog:
        for genre in item.genres:
            for tag in item.tags:
                pairs[genre, tag] = pairs.get((genre, tag), 0) + 1
    common = sorted(pair for pair, number in pairs.items() if number >= 10)
    if not common:
        return {}
    shares = []
    for place in generator.permutation(len(common))[:count]:
        genre, tag = common[place]
        found = [engine.catalog[c.item_id] for c in engine.search(f"{genre} {tag}", k=10)]
        shares += [genre in item.genres and tag in item.tags for item in found]
    return {"genre_and_tag_precision_at_10": share_of(shares)}


def filters_part(catalog: Catalog, queries: int, seed: int) -> Report:
    """Filter before ranking against filter after ranking everything."""
    generator = np.random.default_rng(seed + 5)
    with tempfile.TemporaryDirectory() as folder:
        engine = SearchEngine.build(catalog, HashEncoder(64), Path(folder))
        keyword = KeywordIndex.load(Path(folder) / "bm25")
        overlaps, equal, cpu = [], [], 0.0
        for query in everyday_phrases(catalog, min(queries, 200), generator):
            wanted = _random_filter(catalog, generator)
            scores = keyword.scores(query)
            lists = {
                "bm25": top_rows(scores, EXHAUSTIVE, scores > 0),
                "dense": top_rows(engine.text_scores(query), EXHAUSTIVE),
            }
            after = _filtered_after(catalog, lists, wanted)
            with measured() as watch:
                found = [c.item_id for c in engine.search(query, k=10, item_filter=wanted)]
            cpu += watch.cpu_seconds
            if after:
                overlaps.append(len(set(found) & set(after)) / len(after))
            equal.append(found == after)
    return {
        "recall_of_the_exhaustive_top_10": float(np.mean(overlaps)),
        "smallest": float(np.min(overlaps)),
        "same_order": share_of(equal),
        "questions": len(equal),
        "milliseconds_a_question": round(1000 * cpu / len(equal), 2),
    }


def _filtered_after(
    catalog: Catalog, lists: dict[str, np.ndarray], wanted: ItemFilter
) -> list[str]:
    kept = {
        name: np.array([r for r in rows.tolist() if fits(catalog.at(r), wanted)], dtype=np.int64)
        for name, rows in lists.items()
    }
    return [
        catalog.at(row).item_id
        for row, _ in fuse({name: rows[:FUSION_DEPTH] for name, rows in kept.items()})[:10]
    ]


def fits(item: Item, wanted: ItemFilter) -> bool:
    """The filter, item by item: written apart from the catalog's masks, to check them."""
    if wanted.year_min is not None and (item.year is None or item.year < wanted.year_min):
        return False
    if wanted.year_max is not None and (item.year is None or item.year > wanted.year_max):
        return False
    people = {name.casefold() for name in item.people}
    genres = {name.casefold() for name in item.genres}
    return (
        all(name.casefold() in people for name in wanted.people_all)
        and all(name.casefold() in genres for name in wanted.genres_all)
        and not any(name.casefold() in genres for name in wanted.genres_none)
    )


def _random_filter(catalog: Catalog, generator: np.random.Generator) -> ItemFilter:
    start = int(generator.integers(1930, 2010))
    genres = catalog.genres
    kinds = (
        ItemFilter(year_min=start, year_max=start + int(generator.integers(0, 20))),
        ItemFilter(genres_all=(str(generator.choice(genres)),)),
        ItemFilter(genres_none=(str(generator.choice(genres)),), year_min=start),
        ItemFilter(people_all=(str(generator.choice(catalog.people[:2000])),)),
    )
    return kinds[int(generator.integers(len(kinds)))]


def synthetic_items(count: int, seed: int) -> Iterator[Item]:
    """Items with titles of one to five words (word frequencies as Zipf's) and two people each."""
    generator = np.random.default_rng(seed)
    syllables = re.findall("..", "babebibodadedidokakekikolalelilomamemimomonaneranirosata")
    n_words = max(2_000, int(40 * count**0.5) * 4)
    lengths = generator.integers(2, 5, size=n_words)
    parts = generator.integers(0, len(syllables), size=(n_words, 4))
    words = [
        "".join(syllables[p] for p in parts[i, : lengths[i]]).capitalize() for i in range(n_words)
    ]
    drawn = np.minimum(generator.zipf(1.2, size=(count, 9)) - 1, n_words - 1)
    drawn = np.where(
        generator.random((count, 9)) < 0.5, generator.integers(0, n_words, size=(count, 9)), drawn
    )
    title_lengths = generator.integers(1, 6, size=count)
    for row in range(count):
        picked = [words[i] for i in drawn[row]]
        yield Item(
            item_id=f"s{row}",
            title=" ".join(picked[: title_lengths[row]]),
            year=1950 + row % 70,
            genres=("Drama",),
            cast=(f"{picked[5]} {picked[6]}", f"{picked[7]} {picked[8]}"),
        )


def scale_part(sizes: Sequence[int], seed: int) -> Report:
    """Time and memory of the name and keyword indexes at growing sizes."""
    return {str(size): _scale_of(size, seed) for size in sorted(sizes)}


def _scale_of(size: int, seed: int) -> Report:
    generator = np.random.default_rng(seed)
    with measured() as watch:
        catalog = Catalog(list(synthetic_items(size, seed)))
    report: Report = {"catalog_cpu_seconds": round(watch.cpu_seconds, 1), "catalog_mb": _now_mb()}
    asked = [catalog.at(int(row)) for row in generator.integers(0, size, size=50)]
    wrong = [typing_errors(item.title.lower(), 1, generator) for item in asked]
    names = [typing_errors(item.cast[0].lower(), 1, generator) for item in asked]

    def part(name: str, build: Callable[[], Callable[[str], object]], said: list[str]) -> None:
        before = _now_mb()
        with measured() as made:
            look = build()
            look(said[0])
        held = _now_mb() - before
        with measured() as asking:
            for text in said:
                look(text)
        report[name] = {
            "build_cpu_seconds": round(made.cpu_seconds, 1),
            "held_mb": round(held),
            "milliseconds_a_question": round(1000 * asking.cpu_seconds / len(said), 2),
        }

    part("titles", lambda: _finder(TitleIndex(catalog)), wrong)
    part("people", lambda: PeopleIndex(catalog).match, names)
    part("keyword", lambda: KeywordIndex.build(catalog).scores, wrong)
    return {**report, "peak_mb": round(peak_megabytes())}


def _finder(index: TitleIndex) -> Callable[[str], object]:
    return lambda said: index.find(said, 5)


def _now_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def run(args: argparse.Namespace) -> Report:
    """Every part asked for."""
    catalog = read_catalog(args.catalog) if args.catalog else Catalog([])
    parts: dict[str, Callable[[], Report]] = {
        "titles": lambda: titles_part(catalog, args.queries, args.seed),
        "people": lambda: people_part(catalog, args.queries, args.seed),
        "sentences": lambda: sentences_part(catalog, args.queries, args.seed),
        "words": lambda: words_part(catalog, args.encoder, args),
        "filters": lambda: filters_part(catalog, args.queries, args.seed),
        "scale": lambda: scale_part(args.sizes, args.seed),
    }
    report: Report = {"machine": machine(), "seed": args.seed, "items": len(catalog)}
    report.update({name: parts[name]() for name in args.parts})
    report["peak_mb"] = round(peak_megabytes())
    return report


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = ("titles", "people", "sentences", "words", "filters", "scale")
    parser.add_argument("--catalog", type=Path, help="the film catalog (not needed for scale)")
    parser.add_argument("--parts", nargs="+", choices=names, default=list(names[:-1]))
    parser.add_argument("--queries", type=int, default=500, help="questions of a kind and half")
    parser.add_argument("--limit", type=int, default=0, help="words: items drawn; 0 takes all")
    parser.add_argument("--query-text", default="imdb", help="words: the text that asks")
    parser.add_argument(
        "--encoder", choices=(MiniLMEncoder.name, "hash"), default=MiniLMEncoder.name
    )
    parser.add_argument("--cache", type=Path, help="a folder that keeps document vectors")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    args = parser.parse_args()
    if args.catalog is None and set(args.parts) != {"scale"}:
        parser.error("--catalog is needed for every part but scale")
    report = run(args)
    print(json.dumps(report, indent=None if args.json else 2, ensure_ascii=False))


if __name__ == "__main__":
    main()
