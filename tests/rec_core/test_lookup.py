"""Titles, people and genres in people's words, against the film world: what must and must not match."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from rec_core import Catalog, HashEncoder, Item, SearchEngine
from tests.film_world import film_catalog


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> SearchEngine:
    folder: Path = tmp_path_factory.mktemp("index")
    return SearchEngine.build(film_catalog(), HashEncoder(32), folder)


def labels(search: SearchEngine, matches) -> list[str]:
    return [search.catalog[match.item_id].label for match in matches]


FOUND = {
    "Heat": "Heat (1995)",
    "heat": "Heat (1995)",
    "HEAT": "Heat (1995)",
    "The Matrix": "The Matrix (1999)",
    "Matrix, The": "The Matrix (1999)",
    "matrix": "The Matrix (1999)",
    "Toy Stroy": "Toy Story (1995)",
    "toystory": "Toy Story (1995)",
    "toy story 2": "Toy Story 2 (1999)",
    "Toy Story II": "Toy Story 2 (1999)",
    "toy story two": "Toy Story 2 (1999)",
    "Pulp Ficton": "Pulp Fiction (1994)",
    "Termnator": "The Terminator (1984)",
    "Amelie": "Amélie (2001)",
    "AMÉLIE": "Amélie (2001)",
    "leon the professional": "Léon: The Professional (1994)",
    "leon": "Léon: The Professional (1994)",
    "y tu mama tambien": "Y tu mamá también (2001)",
    "se7en": "Seven (1995)",
    "Titanic (1953)": "Titanic (1953)",
    "Titanic 1997": "Titanic (1997)",
    "psycho, 1998": "Psycho (1998)",
    "Cape Fear (1962)": "Cape Fear (1962)",
    "The Parent Trap 1998": "The Parent Trap (1998)",
    "Star Wars": "Star Wars: Episode IV - A New Hope (1977)",
    "the empire strikes back": "Star Wars: Episode V - The Empire Strikes Back (1980)",
    "Lord of the Rings": "The Lord of the Rings: The Fellowship of the Ring (2001)",
    "the two towers": "The Lord of the Rings: The Two Towers (2002)",
    "godfather 2": "The Godfather: Part II (1974)",
    "the godfather part ii": "The Godfather: Part II (1974)",
    "the godfater": "The Godfather (1972)",
    "Willy Wonka and the Chocolate Factory": "Willy Wonka & the Chocolate Factory (1971)",
    "silence of lambs": "The Silence of the Lambs (1991)",
    "holy grail": "Monty Python and the Holy Grail (1975)",
    "12 monkeys": "Twelve Monkeys (1995)",
    "twelve monkies": "Twelve Monkeys (1995)",
    "2001": "2001: A Space Odyssey (1968)",
    "et": "E.T. the Extra-Terrestrial (1982)",
    "E.T.": "E.T. the Extra-Terrestrial (1982)",
    "LA Confidential": "L.A. Confidential (1997)",
    "Shawshenk Redemtion": "The Shawshank Redemption (1994)",
    "when harry met sally": "When Harry Met Sally... (1989)",
    "oceans eleven 2001": "Ocean's Eleven (2001)",
    "Ocean’s 11 (1960)": "Ocean's Eleven (1960)",
    "wall-e": "WALL·E (2008)",
    "monsters inc": "Monsters, Inc. (2001)",
    "pee wees big adventure": "Pee-wee's Big Adventure (1985)",
    "the movie Casablanca": "Casablanca (1942)",
    "“Airplane”": "Airplane! (1980)",
    "It (2017)": "It (2017)",
    "ghost busters": "Ghostbusters (1984)",
    "crouching tiger": "Crouching Tiger, Hidden Dragon (2000)",
    "raiders of the lost arc": "Raiders of the Lost Ark (1981)",
}

UNKNOWN = (
    "Blargh of Destiny",
    "The Quantum Banana",
    "Moonlight Over Kansas",
    "Return to Mars Hotel",
    "The Fellowship of the Dragon",
    "Toy Story 9",
    "Rocky 17",
    "Hear",
    "Hat",
    "A Very Long Engagement with Nobody",
    "asdfghjkl",
    "The",
    "of the",
    "the story of a toy",
    "comedy",
    "something funny",
    "!!!",
    "",
    "   ",
    "🙂",
    "x" * 5_000,
)


@pytest.mark.parametrize(("said", "label"), FOUND.items())
def test_a_title_is_found_however_it_is_written(
    search: SearchEngine, said: str, label: str
) -> None:
    assert labels(search, search.find_title(said))[:1] == [label]


@pytest.mark.parametrize("said", UNKNOWN)
def test_what_is_no_title_is_not_found(search: SearchEngine, said: str) -> None:
    assert search.find_title(said) == ()


def test_an_exact_title_has_confidence_1_and_a_typo_less(search: SearchEngine) -> None:
    assert search.find_title("Pulp Fiction")[0].confidence == 1.0
    assert 0.6 <= search.find_title("Pulp Ficton")[0].confidence < 1.0


def test_every_title_of_the_catalog_finds_its_own_item_first(search: SearchEngine) -> None:
    for item in search.catalog:
        match = search.find_title(item.label)[0]
        assert (match.item_id, match.confidence) == (item.item_id, 1.0)


def test_equal_titles_come_by_popularity_and_otherwise_in_catalog_order(tmp_path: Path) -> None:
    catalog = Catalog(
        [Item(item_id="old", title="Dune", year=1984), Item(item_id="new", title="Dune", year=2021)]
    )
    plain = SearchEngine.build(catalog, HashEncoder(8), tmp_path / "a")
    famous = SearchEngine.build(
        catalog, HashEncoder(8), tmp_path / "b", popularity=np.array([3, 9])
    )
    assert [match.item_id for match in plain.find_title("dune")] == ["old", "new"]
    assert [match.item_id for match in famous.find_title("dune")] == ["new", "old"]
    assert [match.item_id for match in famous.find_title("dune 1984")] == ["old", "new"]
    assert famous.spot_titles("loved Dune")[0].item_id == "new"


SPOTTED = {
    "something like heat but less violent, from the 90s": [("heat", "Heat (1995)")],
    "I loved Big": [("Big", "Big (1988)")],
    "loved big, what else?": [("big", "Big (1988)")],
    "watched speed yesterday": [("speed", "Speed (1994)")],
    "Have you seen It?": [("It", "It (1990)")],
    "I loved Her and Heat": [("Her", "Her (2013)"), ("Heat", "Heat (1995)")],
    "not Up, I mean something else": [("Up", "Up (2009)")],
    'Something like "Seven" please': [("Seven", "Seven (1995)")],
    "better than alien": [("alien", "Alien (1979)")],
    "similar to speed or heat": [("speed", "Speed (1994)"), ("heat", "Heat (1995)")],
    "two films like Toy Stroy that are not for kids": [("Toy Stroy", "Toy Story (1995)")],
    "similar to Pulp Ficton": [("Pulp Ficton", "Pulp Fiction (1994)")],
    "terminatr and jurasic park": [
        ("terminatr", "The Terminator (1984)"),
        ("jurasic park", "Jurassic Park (1993)"),
    ],
    "compare Heat and Fargo": [("Heat", "Heat (1995)"), ("Fargo", "Fargo (1996)")],
    "why Fargo?": [("Fargo", "Fargo (1996)")],
    "what is Heat about?": [("Heat", "Heat (1995)")],
    "who directed speed?": [("speed", "Speed (1994)")],
    "tell me about the game": [("the game", "The Game (1997)")],
    "like the godfather part 2 but newer": [
        ("the godfather part 2", "The Godfather: Part II (1974)")
    ],
    "loved star wars and the empire strikes back": [
        ("star wars", "Star Wars: Episode IV - A New Hope (1977)"),
        ("the empire strikes back", "Star Wars: Episode V - The Empire Strikes Back (1980)"),
    ],
    "like lord of rings": [
        ("lord of rings", "The Lord of the Rings: The Fellowship of the Ring (2001)")
    ],
    "Hitchcock's psycho (1960)": [("psycho (1960)", "Psycho (1960)")],
    "the 1998 one, I mean Psycho (1998).": [("Psycho (1998)", "Psycho (1998)")],
    "a comedy like Home Alone": [("Home Alone", "Home Alone (1990)")],
    "SOMETHING LIKE HEAT": [("HEAT", "Heat (1995)")],
    "Something Like Heat Please": [("Heat", "Heat (1995)")],
    "I hated Titanic. Give me a western.": [("Titanic", "Titanic (1997)")],
    "show me fargo": [("fargo", "Fargo (1996)")],
    "speed was great, anything similar?": [("speed", "Speed (1994)")],
    "I saw The Legend of Casablanca Nights": [],
    "something like Toy Story 9 please": [],
    "Heat": [("Heat", "Heat (1995)")],
    "seven samurai or seven": [],
    "Casablanca, Jaws & Vertigo": [
        ("Casablanca", "Casablanca (1942)"),
        ("Jaws", "Jaws (1975)"),
        ("Vertigo", "Vertigo (1958)"),
    ],
    "like amelie but darker": [("amelie", "Amélie (2001)")],
    "more like the good the bad and the ugly": [
        ("the good the bad and the ugly", "The Good, the Bad and the Ugly (1966)")
    ],
    "I want some heat": [],
    "a big film": [],
    "it was funny": [],
    "her": [],
    "up": [],
    "it's up to you": [],
    "I like big explosions": [],
    "I loved it": [],
    "give me seven comedies": [],
    "at high speed": [],
    "nothing alien to me": [],
    "a film about a toy in a story": [],
    "I've seen the first two": [],
    "a feel good love story": [],
    "a scary movie": [],
    "not so dark": [],
    "an uplifting film about friendship, from between 1990 and 1995": [],
    "a thriller set in Casablanca": [],
    "show me something from the network": [],
    "the insider told me so": [],
    "ok thanks": [],
    "something actually funny": [],
    "a film with aliens": [],
    "": [],
}


@pytest.mark.parametrize(("said", "expected"), SPOTTED.items())
def test_titles_in_a_sentence(
    search: SearchEngine, said: str, expected: list[tuple[str, str]]
) -> None:
    found = search.spot_titles(said)
    assert list(
        zip([said[m.start : m.end] for m in found], labels(search, found), strict=True)
    ) == list(expected)


UNKNOWN_TITLES = {
    "something like Blargh of Destiny": ("Blargh of Destiny",),
    "something like gorblatz please": ("gorblatz",),
    'did you see "The Quantum Banana"?': ("The Quantum Banana",),
    "I loved Moonlight Over Kansas, more please": ("Moonlight Over Kansas",),
    "something like Toy Story 9 please": ("Toy Story 9",),
    "something like Heat": (),
    "something like Toy Stroy": (),
    'like "Heat" or "Seven"': (),
    "something like a comedy": (),
    "movies like French comedies": (),
    "I loved Tom Hanks": (),
    "films with Tom Cruise": (),
    "": (),
}


@pytest.mark.parametrize(("said", "expected"), UNKNOWN_TITLES.items())
def test_titles_that_the_catalog_lacks_are_reported(
    search: SearchEngine, said: str, expected: tuple[str, ...]
) -> None:
    assert search.unknown_titles(said) == expected


PEOPLE = {
    "movies with Tom Hanks": [("Tom Hanks", "Tom Hanks")],
    "movies with tom hanks please": [("tom hanks", "Tom Hanks")],
    "movies with Tom Hnaks": [("Tom Hnaks", "Tom Hanks")],
    "by scorsese": [("scorsese", "Martin Scorsese")],
    "something by Scorcese": [("Scorcese", "Martin Scorsese")],
    "films directed by Spielburg": [("Spielburg", "Steven Spielberg")],
    "starring de niro": [("de niro", "Robert De Niro")],
    "Hitchcock's best": [("Hitchcock", "Alfred Hitchcock")],
    "Al Pacino and Robert De Niro": [
        ("Al Pacino", "Al Pacino"),
        ("Robert De Niro", "Robert De Niro"),
    ],
    "with Ridley Scott": [("Ridley Scott", "Ridley Scott")],
    "with stones and guns": [],
    "a film about a lee shore": [],
    "something with Tom Bombadil": [],
    "a film noir": [],
    "": [],
}


@pytest.mark.parametrize(("said", "expected"), PEOPLE.items())
def test_people_in_a_sentence(
    search: SearchEngine, said: str, expected: list[tuple[str, str]]
) -> None:
    assert [(said[m.start : m.end], m.name) for m in search.spot_people(said)] == expected


GENRES = {
    "action comedies": ["Action", "Comedy"],
    "a film noir or sci fi comedy": ["Film-Noir", "Sci-Fi", "Comedy"],
    "scifi westerns": ["Sci-Fi", "Western"],
    "a thriler please": ["Thriller"],
    "mysteries and musicals": ["Mystery", "Musical"],
    "a funny film for kids": [],
    "nothing at all": [],
    "my dream": [],
    "": [],
}


@pytest.mark.parametrize(("said", "expected"), GENRES.items())
def test_genres_in_a_sentence(search: SearchEngine, said: str, expected: list[str]) -> None:
    assert [match.name for match in search.spot_genres(said)] == expected


def test_names_are_resolved_to_catalog_values(search: SearchEngine) -> None:
    assert search.resolve_genre("comedies") == "Comedy"
    assert search.resolve_genre("scary") is None
    assert search.resolve_person("tom hnaks") == "Tom Hanks"
    assert search.resolve_person("Tom Bombadil") is None
    assert "Tom Hanks" in search.close_people("Tim Hanks")


@settings(deadline=None)
@given(text=st.text(max_size=120))
def test_any_text_is_read_without_overlap_and_inside_its_bounds(text: str) -> None:
    engine = _shared_engine()
    for matches in (engine.spot_titles(text), engine.spot_people(text), engine.spot_genres(text)):
        ends = [0]
        for match in matches:
            assert ends[-1] <= match.start < match.end <= len(text)
            assert 0 < match.confidence <= 1
            ends.append(match.end)
    engine.unknown_titles(text)
    assert all(match.item_id in engine.catalog for match in engine.find_title(text))


_MIXED = """heat big up it her toy story like loved not the and of "Heat" (1995) 2001 Tom Hanks with by
    comedies Seven , . ? I something Blargh e.t. ocean's 12 part ii"""
_WORDS = st.sampled_from(_MIXED.split())


@settings(deadline=None)
@given(words=st.lists(_WORDS, max_size=14))
def test_any_mix_of_telling_words_is_read_without_overlap(words: list[str]) -> None:
    text = " ".join(words)
    found = _shared_engine().spot_titles(text)
    assert all(left.end <= right.start for left, right in pairwise(found))
    _shared_engine().unknown_titles(text)


_ENGINES: list[SearchEngine] = []


def _shared_engine() -> SearchEngine:
    if not _ENGINES:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            _ENGINES.append(SearchEngine.build(film_catalog(), HashEncoder(8), Path(folder)))
    return _ENGINES[0]
