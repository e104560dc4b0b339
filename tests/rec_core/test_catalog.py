from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from rec_core import (
    Catalog,
    DamagedFileError,
    DataError,
    Item,
    ItemFilter,
    StorageError,
    UnknownItemError,
)
from tests.film_world import film_catalog, film_id

THREE = Catalog(
    [
        Item(item_id="a", title="Alpha", year=1990, genres=("Drama", "War"), cast=("Ann Lee",)),
        Item(item_id="b", title="Beta", genres=("Drama",), directors=("Ann Lee", "Bo Ek")),
        Item(item_id="c", title="Gamma", year=2001, genres=("Comedy",), tags=("fun",)),
    ]
)


def satisfies_by_hand(item: Item, wish: ItemFilter) -> bool:
    """The docstring of ItemFilter, word by word."""
    genres = {genre.casefold() for genre in item.genres}
    people = {person.casefold() for person in item.people}
    low = wish.year_min is None or (item.year is not None and item.year >= wish.year_min)
    high = wish.year_max is None or (item.year is not None and item.year <= wish.year_max)
    return (
        low
        and high
        and all(genre.casefold() in genres for genre in wish.genres_all)
        and (not wish.genres_any or any(g.casefold() in genres for g in wish.genres_any))
        and not any(genre.casefold() in genres for genre in wish.genres_none)
        and all(person.casefold() in people for person in wish.people_all)
        and not any(person.casefold() in people for person in wish.people_none)
        and item.item_id not in wish.exclude
        and (wish.only is None or item.item_id in wish.only)
    )


def some_of(values: tuple[str, ...], most: int = 2) -> st.SearchStrategy[tuple[str, ...]]:
    spelt = st.sampled_from(values).flatmap(lambda v: st.sampled_from([v, v.lower(), v.upper()]))
    return st.lists(spelt, max_size=most).map(tuple)


_IDS = (*film_catalog().ids.ids[:40], "stranger")
filters = st.builds(
    ItemFilter,
    year_min=st.none() | st.integers(1940, 2017),
    year_max=st.none() | st.integers(1940, 2017),
    genres_all=some_of((*film_catalog().genres, "Nonsense")),
    genres_any=some_of((*film_catalog().genres, "Nonsense")),
    genres_none=some_of((*film_catalog().genres, "Nonsense")),
    people_all=some_of((*film_catalog().people[:20], "Nobody"), most=1),
    people_none=some_of((*film_catalog().people[:20], "Nobody")),
    exclude=st.lists(st.sampled_from(_IDS), max_size=4).map(tuple),
    only=st.none() | st.lists(st.sampled_from(_IDS), max_size=30).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(filters)
def test_mask_agrees_with_the_words_of_the_filter(wish: ItemFilter) -> None:
    catalog = film_catalog()
    expected = [satisfies_by_hand(item, wish) for item in catalog]
    assert catalog.mask(wish).tolist() == expected


def test_an_empty_filter_lets_everything_pass_and_an_empty_only_nothing() -> None:
    assert THREE.mask(ItemFilter()).all()
    assert not THREE.mask(ItemFilter(only=())).any()


def test_an_item_without_year_fails_any_year_bound() -> None:
    assert THREE.mask(ItemFilter(year_max=3000)).tolist() == [True, False, True]
    assert THREE.mask(ItemFilter(year_min=0)).tolist() == [True, False, True]


def test_a_fresh_mask_can_be_changed_without_harm() -> None:
    THREE.mask(ItemFilter())[:] = False
    assert THREE.mask(ItemFilter()).all()


def test_satisfies_looks_at_one_item() -> None:
    assert THREE.satisfies("b", ItemFilter(people_all=("bo ek",)))
    assert not THREE.satisfies("a", ItemFilter(people_all=("bo ek",)))
    with pytest.raises(UnknownItemError, match="'z'"):
        THREE.satisfies("z", ItemFilter())


def test_vocabularies_are_most_frequent_first() -> None:
    assert THREE.genres == ("Drama", "War", "Comedy")
    assert THREE.people == ("Ann Lee", "Bo Ek")
    assert THREE.tags == ("fun",)
    assert THREE.genre_matrix.tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert THREE.genre_matrix.dtype == np.float32
    assert THREE.years.tolist() == [1990, -1, 2001]


def test_items_are_found_by_id_and_by_row() -> None:
    catalog = film_catalog()
    heat = film_id("Heat", 1995)
    assert catalog[heat].directors == ("Michael Mann",)
    assert catalog.at(catalog.ids.row(heat)) is catalog[heat]
    assert heat in catalog
    with pytest.raises(UnknownItemError, match="'nope'"):
        catalog["nope"]


def test_the_search_text_has_everything_and_is_capped() -> None:
    heat = film_catalog().text_of(0)
    for part in ("Heat (1995)", "Crime", "Michael Mann", "Al Pacino", "bank robbery"):
        assert part in heat
    long = Catalog([Item(item_id="x", title="Long", texts={"plot": "word " * 5000})])
    assert len(long.text_of(0)) == 2000


@pytest.mark.parametrize("item", [Item(item_id="", title="T"), Item(item_id="x", title="  ")])
def test_an_item_needs_id_and_title(item: Item) -> None:
    with pytest.raises(DataError, match="Item number 1"):
        Catalog([item])


def test_repeated_item_ids_are_refused() -> None:
    with pytest.raises(DataError, match="'a'"):
        Catalog([Item(item_id="a", title="A"), Item(item_id="a", title="B")])


words = st.text(max_size=12)
word_lists = st.lists(words, max_size=3).map(tuple)
items = st.builds(
    Item,
    item_id=st.text(min_size=1, max_size=6),
    title=st.text(min_size=1, max_size=12).filter(str.strip),
    year=st.none() | st.integers(1800, 2100),
    genres=word_lists,
    directors=word_lists,
    cast=word_lists,
    tags=word_lists,
    alt_titles=word_lists,
    texts=st.dictionaries(words, words, max_size=2),
)


@settings(max_examples=40, deadline=None)
@given(content=st.lists(items, max_size=6, unique_by=lambda item: item.item_id))
def test_saving_and_loading_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, content: list[Item]
) -> None:
    path = tmp_path_factory.mktemp("catalog") / "catalog.parquet"
    before = Catalog(content)
    before.save(path)
    after = Catalog.load(path)
    assert after.items == before.items
    assert after.fingerprint == before.fingerprint


@settings(max_examples=60, deadline=None)
@given(content=st.lists(items, max_size=6, unique_by=lambda item: item.item_id))
def test_items_made_on_demand_are_the_same_and_so_are_their_facts(
    tmp_path_factory: pytest.TempPathFactory, content: list[Item]
) -> None:
    path = tmp_path_factory.mktemp("catalog") / "catalog.parquet"
    kept = Catalog(content)
    kept.save(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rec_core.catalog_storage.KEPT_AS_ITEMS", -1)
        stored = Catalog.load(path)
    assert list(stored) == list(kept) == [stored.at(row) for row in range(len(kept))]
    assert list(stored.items[1:3]) == list(kept.items[1:3])
    assert stored.ids == kept.ids
    assert stored.describes_contents == kept.describes_contents
    for name in ("genres", "people", "tags"):
        assert getattr(stored, name) == getattr(kept, name)
    assert stored.genre_matrix.tolist() == kept.genre_matrix.tolist()
    assert stored.years.tolist() == kept.years.tolist()
    for person in (*kept.people, "nobody"):
        wish = ItemFilter(people_all=(person.upper(),))
        assert stored.mask(wish).tolist() == kept.mask(wish).tolist()
    stored.save(path)
    assert Catalog.load(path).items == kept.items
    del stored.__dict__["fingerprint"]
    assert stored.fingerprint == kept.fingerprint


def test_a_bit_that_flipped_on_the_disk_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "catalog.parquet"
    film_catalog().save(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 4] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match="cannot be read"):
        Catalog.load(path)


def test_the_fingerprint_sees_content_and_order() -> None:
    first, second, third = THREE.items
    assert Catalog([first, second, third]).fingerprint == THREE.fingerprint
    assert Catalog([second, first, third]).fingerprint != THREE.fingerprint
    retitled = Item(item_id="c", title="Gamma!", year=2001, genres=("Comedy",), tags=("fun",))
    assert Catalog([first, second, retitled]).fingerprint != THREE.fingerprint


def test_a_damaged_or_missing_file_is_told_clearly(tmp_path: Path) -> None:
    with pytest.raises(DamagedFileError, match="missing or cannot be read"):
        Catalog.load(tmp_path / "none.parquet")
    (tmp_path / "bad.parquet").write_bytes(b"not parquet at all")
    with pytest.raises(DamagedFileError, match="again"):
        Catalog.load(tmp_path / "bad.parquet")


def test_a_full_disk_is_a_storage_error_and_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "catalog.parquet"
    THREE.save(path)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyarrow.parquet.write_table", full)
    with pytest.raises(StorageError, match="full"):
        film_catalog().save(path)
    assert Catalog.load(path).items == THREE.items
    assert [entry.name for entry in tmp_path.iterdir()] == ["catalog.parquet"]
