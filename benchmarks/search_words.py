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
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measuring import machine, measured, peak_megabytes
from rec_core import Catalog, HashEncoder, Item, ItemFilter, MiniLMEncoder, SearchEngine
from rec_core.search.engine import fuse
from rec_core.search.exact_index import top_rows
from rec_core.search.keyword import KeywordIndex
from rec_core.search.names import key_tokens, tokenise
from rec_core.search.people import MIN_PERSON_CONFIDENCE, PeopleIndex
from rec_core.search.titles import MIN_CONFIDENCE, TitleIndex, names_of

Report = dict[str, object]

THRESHOLDS = (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
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


def typing_errors(text: str, count: int, generator: np.random.Generator) -> str:
    """The text with `count` typing errors; unchanged where it has too few letters for that."""
    for _ in range(count):
        letters = [i for i, c in enumerate(text) if c.isalpha() and (i or generator.random() < 0.1)]
        if len(letters) < 3:
            return text
        place = int(generator.choice(letters))
        text = _one_error(text, place, float(generator.random()), generator)
    return text


def _one_error(text: str, place: int, kind: float, generator: np.random.Generator) -> str:
    letter, after = text[place], text[place + 1 :]
    if kind < 0.3:
        return text[:place] + after
    if kind < 0.5:
        return text[:place] + letter + letter + after
    if kind < 0.75 and after[:1].isalpha() and after[0].casefold() != letter.casefold():
        return text[:place] + after[0] + letter + after[1:]
    row = next((row for row in KEYBOARD if letter.casefold() in row), "aeiou")
    at = max(row.find(letter.casefold()), 0)
    beside = [row[i] for i in (at - 1, at + 1) if 0 <= i < len(row)]
    return text[:place] + str(generator.choice(beside)) + after


def title_key(name: str) -> str:
    """What two spellings of the same title share."""
    return "".join(key_tokens([token.form for token in tokenise(name)]))


def shares_a_name(item: Item, keys: Collection[str]) -> bool:
    """True when some name of the item, a part of its title included, is among the keys."""
    return any(title_key(name) in keys for name in (item.title, *(n for n, _ in names_of(item))))


def everyday_phrases(catalog: Catalog, count: int, generator: np.random.Generator) -> list[str]:
    """Runs of two to six words of prose, in lower case, from texts drawn at random."""
    texts = [text for item in catalog for text in item.texts.values() if len(text) > 60]
    phrases: list[str] = []
    for number in generator.choice(len(texts), size=min(2 * count, len(texts)), replace=False):
        words = re.findall(r"[a-z][a-z']*", texts[number])
        length = int(generator.integers(2, 7))
        if len(words) > length + 2:
            start = int(generator.integers(0, len(words) - length))
            phrases.append(" ".join(words[start : start + length]))
    return phrases[:count]


@dataclass(frozen=True, kw_only=True)
class Probes:
    """Questions to one name index: kind -> (said, every answer that is right), and strangers."""

    known: dict[str, list[tuple[str, frozenset[str]]]]
    strangers: dict[str, list[str]]


def name_report(probes: Probes, look: Callable[[str, float], str | None], chosen: float) -> Report:
    """Shares at the chosen threshold on the held-back half, and the curve on both halves."""

    def rates(half: int, threshold: float) -> dict[str, dict[str, float]]:
        right, wrong = {}, {}
        for kind, asked in probes.known.items():
            answers = [(look(said, threshold), good) for said, good in asked[half::2]]
            right[kind] = _share([answer in good for answer, good in answers])
            wrong[kind] = _share([bool(answer) and answer not in good for answer, good in answers])
        false = {
            kind: _share([look(said, threshold) is not None for said in asked[half::2]])
            for kind, asked in probes.strangers.items()
        }
        return {"right": right, "wrong": wrong, "false_match": false}

    with measured() as watch:
        held_back = rates(1, chosen)
    asked = sum(len(q[1::2]) for q in (*probes.known.values(), *probes.strangers.values()))
    curve = []
    for threshold in THRESHOLDS:
        at = rates(0, threshold)
        typos = [share for kind, share in at["right"].items() if "error" in kind]
        curve.append(
            {
                "threshold": threshold,
                "right_with_errors": round(float(np.mean(typos)), 4),
                "right_all": round(float(np.mean(list(at["right"].values()))), 4),
                **{f"false: {kind}": share for kind, share in at["false_match"].items()},
            }
        )
    return {
        "threshold": chosen,
        "questions": {kind: len(asked) // 2 for kind, asked in probes.known.items()},
        "held_back": held_back,
        "development_curve": curve,
        "milliseconds_a_question": round(1000 * watch.cpu_seconds / asked, 3),
    }


def _share(outcomes: Sequence[bool]) -> float:
    return round(float(np.mean(outcomes)), 4) if outcomes else 0.0


def held_out(catalog: Catalog, seed: int) -> tuple[Catalog, list[Item]]:
    """Nine tenths of the items in their order, and the rest."""
    out = np.random.default_rng(seed).random(len(catalog)) < 0.1
    items = list(catalog)
    kept = Catalog([item for item, gone in zip(items, out, strict=True) if not gone])
    return kept, [item for item, gone in zip(items, out, strict=True) if gone]


def title_probes(kept: Catalog, gone: Sequence[Item], queries: int, seed: int) -> Probes:
    """Known titles in many spellings, titles held out, and everyday phrases."""
    generator = np.random.default_rng(seed + 1)
    by_key: dict[str, set[str]] = {}
    for item in kept:
        for name, _ in names_of(item):
            by_key.setdefault(title_key(name), set()).add(item.item_id)
    items = [kept.at(int(row)) for row in generator.permutation(len(kept))]
    known: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for kind, change in _title_changes(generator).items():
        asked = known[kind] = []
        for item in items:
            said = change(item)
            if said and len(asked) < 2 * queries:
                full = title_key(next(names_of(item))[0])
                same = by_key.get(title_key(said), set()) | by_key.get(full, set())
                asked.append((said, frozenset(same | {item.item_id})))
    absent = [item.title for item in gone if not shares_a_name(item, by_key)]
    phrases = everyday_phrases(kept, 2 * queries, generator)
    phrases = [phrase for phrase in phrases if title_key(phrase) not in by_key]
    strangers = {"titles held out": absent[: 2 * queries], "everyday phrases": phrases}
    return Probes(known=known, strangers=strangers)


def _title_changes(generator: np.random.Generator) -> dict[str, Callable[[Item], str]]:
    def article(item: Item) -> str:
        match = re.match(r"(The|A|An) (.+)$", item.title)
        return "" if not match else f"{match[2]}, {match[1]}" if len(item.title) % 2 else match[2]

    def cut(item: Item) -> str:
        words = item.title.split()
        return " ".join(words[: (2 * len(words) + 2) // 3]) if len(words) > 3 else ""

    def errors(count: int) -> Callable[[Item], str]:
        def change(item: Item) -> str:
            said = typing_errors(item.title.lower(), count, generator)
            return said if len(item.title) > 5 and said != item.title.lower() else ""

        return change

    return {
        "as written": lambda item: item.title,
        "lower case": lambda item: item.title.lower(),
        "capitals, no punctuation": lambda item: re.sub(r"[^\w\s]", "", item.title).upper(),
        "article moved or left out": article,
        "with the year": lambda item: f"{item.title} {item.year}" if item.year else "",
        "one error": errors(1),
        "two errors": errors(2),
        "cut to two thirds of its words": cut,
        "another title": lambda item: item.alt_titles[0] if item.alt_titles else "",
    }


def titles_part(catalog: Catalog, queries: int, seed: int) -> Report:
    """Whole titles looked up."""
    kept, gone = held_out(catalog, seed)
    with measured() as watch:
        index = TitleIndex(kept)
        index.find("warm up every tabel", 1)

    def look(said: str, threshold: float) -> str | None:
        found = index.find(said, 1, threshold=threshold)
        return found[0].item_id if found else None

    probes = title_probes(kept, gone, queries, seed)
    return {
        "names": len(index.aliases),
        "build_cpu_seconds": round(watch.cpu_seconds, 2),
        **name_report(probes, look, MIN_CONFIDENCE),
    }


def people_part(catalog: Catalog, queries: int, seed: int) -> Report:
    """Whole names of people looked up; a tenth of the names is taken out of every item."""
    generator = np.random.default_rng(seed + 2)
    full = [name for name in catalog.people if len(tokenise(name)) > 1]
    gone = {full[i] for i in generator.permutation(len(full))[: len(full) // 10]}
    without = Catalog(
        [
            replace(
                item,
                directors=tuple(name for name in item.directors if name not in gone),
                cast=tuple(name for name in item.cast if name not in gone),
            )
            for item in catalog
        ]
    )
    index = PeopleIndex(without)
    keys: dict[str, set[str]] = {}
    for name in without.people:
        keys.setdefault(title_key(name), set()).add(name)
    known_names = [name for name in full if name not in gone]
    order = [known_names[i] for i in generator.permutation(len(known_names))[: 2 * queries]]
    changes: dict[str, Callable[[str], str]] = {
        "as written": str,
        "lower case": str.lower,
        "one error": lambda name: typing_errors(name.lower(), 1, generator),
        "two errors": lambda name: typing_errors(name.lower(), 2, generator),
    }
    known = {
        kind: [(change(name), frozenset(keys[title_key(name)])) for name in order]
        for kind, change in changes.items()
    }
    absent = [name for name in sorted(gone) if title_key(name) not in keys]
    absent = [absent[i] for i in generator.permutation(len(absent))[: 2 * queries]]
    phrases = everyday_phrases(catalog, 2 * queries, generator)
    probes = Probes(known=known, strangers={"people held out": absent, "everyday phrases": phrases})

    def look(said: str, threshold: float) -> str | None:
        match = index.match(said, threshold=threshold)
        return match.name if match is not None else None

    return {"names": len(without.people), **name_report(probes, look, MIN_PERSON_CONFIDENCE)}


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
        recall[kind] = _share(hits)
    present = {title_key(name) for item in kept for name, _ in names_of(item)}
    absent = [item.title for item in gone if not shares_a_name(item, present)]
    said = [TEMPLATES[n % len(TEMPLATES)].format(name) for n, name in enumerate(absent[:queries])]
    phrases = everyday_phrases(kept, queries, generator)
    return {
        "found": recall,
        "sentences_with_a_false_title": {
            "templates with titles held out": _share([bool(engine.spot_titles(s)) for s in said]),
            "everyday phrases": _share([bool(engine.spot_titles(s)) for s in phrases]),
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
        return {f"R@{k}": _share([bool((r[:k] == t).any()) for r, t in pairs]) for k in DEPTHS}

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
    return {"genre_and_tag_precision_at_10": _share(shares)}


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
        "same_order": _share(equal),
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
