"""Messages that follow on others: what a refinement keeps, what a new topic drops, and pointing."""

from __future__ import annotations

import pytest

from agents.state import ConversationState, Wish
from tests.agents.test_understanding import hard_part, read, said
from tests.film_world import film_catalog, film_id

SLATE = (
    film_id("Heat"), film_id("Fargo"), film_id("Alien"), film_id("Big"), film_id("Casablanca"),
)  # fmt: skip


def titles(item_ids: tuple[str, ...]) -> list[str]:
    return [film_catalog()[item_id].title for item_id in item_ids]


def after(*texts: str, slate: tuple[str, ...] = SLATE) -> Wish:
    """The wish after several messages; the slate is on the table from the second one on."""
    state = ConversationState()
    for text in texts:
        state = state.model_copy(update={"wish": read(text, state).wish, "last_slate": slate})
    return state.wish


CONVERSATIONS = [
    # years refine, whatever else stands
    (["something like Heat", "from the 90s"], said(like="Heat", min=1990, max=1999)),
    (["comedies from the 90s", "before 1995"], said(all="Comedy", min=1990, max=1994)),
    (["comedies from the 90s", "from the 80s"], said(all="Comedy", min=1980, max=1989)),
    (["comedies from the 90s", "any year"], said(all="Comedy")),
    (["comedies from the 90s", "the year doesn't matter"], said(all="Comedy")),
    (["a comedy", "newer"], said(all="Comedy", min=1989)),
    (["a comedy", "something older"], said(all="Comedy", max=1987)),
    (["a comedy", "newer than the first one"], said(all="Comedy", min=1996)),
    (["a comedy", "older than Casablanca"], said(all="Comedy", max=1941)),
    (["a comedy", "from the same decade as Alien"], said(all="Comedy", min=1970, max=1979)),
    (["comedies from the 90s", "not from the 90s"], said(all="Comedy", max=1989)),
    # genres: nouns replace, adjectives and "also" add
    (["comedies", "westerns"], said(all="Western")),
    (["comedies", "only westerns"], said(all="Western")),
    (["comedies", "funny and scary"], said(all="Comedy, Horror")),
    (["a thriller", "also funny"], said(all="Thriller, Comedy")),
    (["a thriller", "but romantic"], said(all="Thriller, Romance")),
    (["action or comedy", "only comedies"], said(all="Comedy")),
    (["action", "make it a western"], said(all="Western")),
    (["horror", "comedies instead"], said(all="Comedy")),
    (["like Heat", "only comedies"], said(like="Heat", all="Comedy")),
    (["comedies", "not animated"], said(all="Comedy", none="Animation")),
    (["no horror", "no musicals either"], said(none="Horror, Musical")),
    (["no horror", "more horror"], said()),
    (["romantic comedies", "less romantic"], said(all="Comedy")),
    (["comedies for kids", "but not for kids"], said(all="Comedy", none="Children")),
    # people
    (["a thriller", "with Al Pacino"], said(all="Thriller", people="Al Pacino")),
    (["with Tom Hanks", "not with Tom Hanks"], said(nopeople="Tom Hanks")),
    (["a thriller", "not with Tom Cruise", "from the 90s"], said(all="Thriller", nopeople="Tom Cruise", min=1990, max=1999)),
    # soft words leave the hard part alone
    (["like Heat, from the 90s", "less violent"], said(like="Heat", min=1990, max=1999)),
    (["like Heat, from the 90s", "a bit funnier", "less dark"], said(like="Heat", min=1990, max=1999)),
    (["comedies from the 80s", "show me something lighter"], said(all="Comedy", min=1980, max=1989)),
    # counts stay, "another one" does not
    (["three comedies", "from the 90s"], said(all="Comedy", count=3, min=1990, max=1999)),
    (["three comedies", "another one"], said(all="Comedy", count=3)),
    (["comedies", "just one"], said(all="Comedy", count=1)),
    # titles
    (["like Heat", "also like Fargo"], said(like="Heat, Fargo")),
    (["like Heat, from the 90s", "more like the second one"], said(like="Fargo", min=1990, max=1999)),
    (["a comedy", "more like Fargo"], said(all="Comedy", like="Fargo")),
    (["like Heat", "but not like Casino"], said(like="Heat", unlike="Casino")),
    # new topics
    (["like Heat, from the 90s, no horror", "I want a western"], said(all="Western")),
    (["comedies from the 90s", "recommend something like Alien"], said(like="Alien")),
    (["comedies from the 90s", "how about horror"], said(all="Horror")),
    (["comedies from the 90s", "Jaws"], said(like="Jaws")),
    (["with Tom Hanks", "westerns from the 60s"], said(all="Western", min=1960, max=1969)),
    (["like Heat", "something with Bill Murray"], said(people="Bill Murray")),
    (["like Heat", "something funny for the kids"], said(all="Comedy, Children")),
    (["comedies from the 90s", "start over, a western"], said(all="Western")),
    (["comedies from the 90s", "start over"], said()),
    (["comedies from the 90s", "something completely different"], said()),
    (["comedies from the 90s", "surprise me"], said(all="Comedy", min=1990, max=1999)),
    (["comedies from the 90s", "something tense"], said()),
    (["comedies from the 90s", "cheer me up"], said()),
    (["comedies from the 90s", "darker"], said(all="Comedy", min=1990, max=1999)),
    (["with Tom Hanks", "three westerns"], said(all="Western", count=3)),
    (["comedies from the 90s", "could you give me three of those"], said(all="Comedy", min=1990, max=1999, count=3)),
    (["a film noir", "but tonight I want a horror film"], said(all="Horror")),
    # openers without a new subject refine
    (["comedies from the 90s", "I want something newer"], said(all="Comedy", min=1989, max=1999)),
    (["comedies", "can you make it less silly"], said(all="Comedy")),
    (["comedies", "I'd like more action"], said(all="Comedy")),
    (["comedies from the 80s", "more comedies"], said(all="Comedy", min=1980, max=1989)),
    # talk and questions change nothing
    (["comedies from the 90s", "thanks"], said(all="Comedy", min=1990, max=1999)),
    (["comedies from the 90s", "why the first one?"], said(all="Comedy", min=1990, max=1999)),
    (["comedies from the 90s", "what do you know about me?"], said(all="Comedy", min=1990, max=1999)),
    (["comedies from the 90s", "asdfgh"], said(all="Comedy", min=1990, max=1999)),
    (["comedies from the 90s", "more"], said(all="Comedy", min=1990, max=1999)),
    # opinions
    (["comedies", "I hate musicals"], said(all="Comedy", none="Musical")),
    (["comedies", "I love westerns"], said(all="Comedy")),
    (["like Heat", "I've seen the second one"], said(like="Heat")),
    (["like Heat", "I loved the second one"], said(like="Heat, Fargo")),
]  # fmt: skip


def shown(value: object) -> str:
    """A name for a case that is the same in every process; sets have no order of their own."""
    if isinstance(value, dict):
        value = {name: sorted(one) if isinstance(one, set) else one for name, one in value.items()}
    return str(value)[:60]


@pytest.mark.parametrize(("texts", "expected"), CONVERSATIONS, ids=shown)
def test_the_wish_after_several_messages(texts: list[str], expected: dict[str, object]) -> None:
    assert hard_part(after(*texts)) == expected


POINTING = [
    ("why the first one?", "explain", ["Heat"]),
    ("why that one?", "explain", ["Heat"]),
    ("why fargo?", "explain", ["Fargo"]),
    ("why did you pick the last one?", "explain", ["Casablanca"]),
    ("why these?", "explain", ["Heat", "Fargo", "Alien", "Big", "Casablanca"]),
    ("compare the first two", "compare", ["Heat", "Fargo"]),
    ("compare the second and the third", "compare", ["Fargo", "Alien"]),
    ("compare 1 and 3", "compare", ["Heat", "Alien"]),
    ("compare heat with casablanca", "compare", ["Heat", "Casablanca"]),
    ("who directed the second one?", "details", ["Fargo"]),
    ("what's number 4 about?", "details", ["Big"]),
    ("what is it about?", "details", ["Heat"]),
    ("who directed it?", "details", ["Heat"]),
    ("tell me more about the third one", "details", ["Alien"]),
    ("the second one", "details", ["Fargo"]),
    ("big", "details", ["Big"]),
    ("is it scary?", "details", ["Heat"]),
    ("which one should I watch?", "pick", ["Heat"]),
]


@pytest.mark.parametrize(("text", "act", "expected"), POINTING)
def test_pointing_at_the_last_slate(text: str, act: str, expected: list[str]) -> None:
    reading = read(text, ConversationState(wish=Wish(year_min=1900), last_slate=SLATE))
    assert (reading.act, titles(reading.item_ids)) == (act, expected)


def test_it_means_a_title_named_just_before() -> None:
    reading = read("I must have seen Alien ten times. Is there anything like it?")
    assert titles(reading.wish.like_item_ids) == ["Alien"]
    assert titles(reading.seen_item_ids) == ["Alien"]


def test_these_are_no_examples_to_follow() -> None:
    state = ConversationState(wish=Wish(genres_all=("Western",)), last_slate=SLATE)
    reading = read("That was nice. Do you have any more of those?", state)
    assert reading.act == "more"
    assert reading.wish == state.wish


def test_a_verdict_is_no_mood() -> None:
    assert read("Titanic was boring").wish == Wish()


@pytest.mark.parametrize(
    "text",
    ["Sounds like a plan, I'll watch that one tonight. Cheers!", "You've been really helpful, I appreciate it.",
     "Alright, I'm done for today, dear robot!"],
)  # fmt: skip
def test_farewells_with_stray_words_are_no_wishes(text: str) -> None:
    state = ConversationState(wish=Wish(genres_all=("Western",)), last_slate=SLATE)
    reading = read(text, state)
    assert (reading.act in ("thanks", "bye"), reading.wish) == (True, state.wish)


def test_it_means_the_item_in_focus() -> None:
    state = ConversationState(last_slate=SLATE, focus_item_id=film_id("Alien"))
    assert titles(read("who directed it?", state).item_ids) == ["Alien"]


OPINIONS = [
    ("I've seen it", [], [], ["Heat"]),
    ("I've already seen the first two", [], [], ["Heat", "Fargo"]),
    ("seen fargo", [], [], ["Fargo"]),
    ("I hated that one", [], ["Heat"], []),
    ("I loved the second one", ["Fargo"], [], []),
    ("not the third one", [], ["Alien"], []),
    ("not that one", [], ["Heat"], []),
    ("I loved the first one but hated the third one", ["Heat"], ["Alien"], []),
    ("I haven't seen the first one", [], [], []),
    ("none of these", [], ["Heat", "Fargo", "Alien", "Big", "Casablanca"], []),
    ("I don't like any of these", [], ["Heat", "Fargo", "Alien", "Big", "Casablanca"], []),
]


@pytest.mark.parametrize(("text", "liked", "disliked", "seen"), OPINIONS)
def test_opinions_on_the_last_slate(
    text: str, liked: list[str], disliked: list[str], seen: list[str]
) -> None:
    reading = read(text, ConversationState(wish=Wish(year_min=1900), last_slate=SLATE))
    found = (reading.liked_item_ids, reading.disliked_item_ids, reading.seen_item_ids)
    assert tuple(titles(ids) for ids in found) == (liked, disliked, seen)


def test_refusing_a_slate_is_nothing_learnt_for_good() -> None:
    reading = read("I don't like any of these", ConversationState(last_slate=SLATE))
    assert reading.learned == ()
    assert reading.wants_slate


def test_pointing_at_what_was_not_shown_is_said() -> None:
    reading = read("why the ninth one?", ConversationState(last_slate=SLATE))
    assert reading.missing_references == ("the ninth one",)


def test_another_one_is_for_this_time_only() -> None:
    state = ConversationState(wish=Wish(genres_all=("Comedy",)), last_slate=SLATE)
    reading = read("another one", state)
    assert reading.count == 1
    assert reading.wish.count is None
    assert read("two more", state).count == 2


@pytest.mark.parametrize(
    ("text", "forget"),
    [
        ("forget that I hate horror", (("genre", "Horror"),)),
        ("forget that I love Tom Hanks", (("person", "Tom Hanks"),)),
        ("forget what I said about Fargo", (("item", film_id("Fargo")),)),
        ("I don't hate horror anymore", (("genre", "Horror"),)),
        ("forget that", ()),
    ],
)
def test_what_is_to_be_forgotten(text: str, forget: tuple[tuple[str, str], ...]) -> None:
    reading = read(text, ConversationState())
    assert reading.act == "forget"
    assert reading.forget == forget


def test_notes_of_soft_wishes_are_kept_for_the_answer() -> None:
    assert after("like Heat", "less violent", "a bit funnier").notes == ("less violent", "funnier")


def test_moods_are_repeated_in_words_that_follow_picks() -> None:
    assert after("I had a bad day").notes == ("that lift the mood",)
    assert after("something french").notes == ("with “french” in mind",)


def test_turning_a_mood_round_moves_its_words() -> None:
    wish = after("something dark", "less dark")
    assert "dark" not in wish.query.split()
    assert "dark" in wish.avoid.split()


@pytest.mark.parametrize(
    ("text", "disliked"),
    [
        ("I don't like Alien", ["Alien"]),
        ("I don't like the second one", ["Fargo"]),
        ("I didn't like it", ["Big"]),
    ],
)
def test_one_refused_title_is_an_opinion_not_a_refused_slate(
    text: str, disliked: list[str]
) -> None:
    state = ConversationState(
        wish=Wish(genres_all=("Comedy",)), last_slate=SLATE, focus_item_id=film_id("Big")
    )
    reading = read(text, state)
    assert reading.act == "feedback"
    assert titles(reading.disliked_item_ids) == disliked
    assert [draft.kind for draft in reading.learned] == ["dislike"]


def test_it_means_what_was_pointed_at_just_before() -> None:
    state = ConversationState(last_slate=SLATE, focus_item_id=film_id("Heat"))
    reading = read("the last one - what is it about?", state)
    assert (reading.act, titles(reading.item_ids)) == ("details", ["Casablanca"])


def test_a_why_at_the_end_is_a_question_too() -> None:
    state = ConversationState(wish=Wish(genres_all=("Comedy",)), last_slate=SLATE)
    reading = read("the second one looks good, why that?", state)
    assert (reading.act, titles(reading.item_ids)) == ("explain", ["Fargo"])


def test_no_black_and_white_pushes_that_down_and_bounds_no_years() -> None:
    wish = read("nothing in black and white", ConversationState()).wish
    assert wish.avoid == "black and white"
    assert (wish.year_min, wish.year_max) == (None, None)


def test_a_few_is_shown_and_not_kept_as_a_number() -> None:
    reading = read("a few funny films", ConversationState())
    assert (reading.count, reading.wish.count) == (3, None)


def test_a_mood_whose_genre_is_refused_still_pulls() -> None:
    wish = read("something scary but not horror", ConversationState()).wish
    assert wish.genres_none == ("Horror",)
    assert wish.genre_weights["Thriller"] > 0
    assert "Horror" not in wish.genre_weights


def test_a_lone_surname_after_by_is_a_person() -> None:
    reading = read("films by Zzyzxman", ConversationState())
    assert reading.unknown_people == ("Zzyzxman",)
    assert reading.wish == Wish()


def test_a_kind_for_tonight_is_a_new_topic() -> None:
    state = ConversationState(wish=Wish(like_item_ids=(film_id("Heat"),)), last_slate=SLATE)
    wish = read("romantic comedies for tonight", state).wish
    assert wish.like_item_ids == ()
    assert wish.genres_all == ("Comedy", "Romance")


def test_for_grown_ups_ends_for_kids() -> None:
    assert after("comedies for kids", "for grown-ups now").genres_all == ("Comedy",)


def test_what_sucks_is_disliked() -> None:
    reading = read("Alien sucks", ConversationState(last_slate=SLATE))
    assert titles(reading.disliked_item_ids) == ["Alien"]
