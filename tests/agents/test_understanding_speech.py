"""How people say things: opinions beside wishes, critiques of what was shown, refusals, vague moods."""

from __future__ import annotations

import pytest

from agents.state import ConversationState, Wish
from tests.agents.test_understanding import hard_part, read, said
from tests.agents.test_understanding_turns import SLATE, after, titles

INTENTS = [
    ("I loved Alien and Jaws. What else is out there like those?", "recommend"),
    ("I've seen Heat, but give me a western", "recommend"),
    ("Heat put me to sleep tbh", "feedback"),
    ("Fargo is one of my all time favourites!", "feedback"),
    ("I turned off Titanic after an hour", "feedback"),
    ("For future reference, I can't stand musicals", "remember"),
    ("what do you know about my taste?", "remember"),
    ("do you remember which films i said i loved", "remember"),
    ("delete everything you saved about me", "remember"),
    ("what can you actually do?", "chat"),
    ("haha ok good one", "chat"),
    ("who is going to win the election?", "chat"),
    ("asdkj qwpoe zzzt", "unknown"),
    ("blah blah blah", "unknown"),
    ("which one's funnier, Heat or Fargo?", "compare"),
    ("thoughts on Alien?", "details"),
    ("how many oscars did Titanic get", "details"),
    ("what would you watch if you liked Heat and Fargo?", "recommend"),
    ("forget comedies. got any westerns?", "recommend"),
]


@pytest.mark.parametrize(("text", "intent"), INTENTS)
def test_what_somebody_is_after(text: str, intent: str) -> None:
    assert read(text).intent == intent


FIRM = [
    ("I don't want anything animated", said(none="Animation")),
    ("don't give me anything with Tom Cruise", said(nopeople="Tom Cruise")),
    ("anyone but Tom Cruise, a comedy", said(all="Comedy", nopeople="Tom Cruise")),
    ("Tom Cruise is banned after last time", said(nopeople="Tom Cruise")),
    ("my wife can't stand horror, a thriller then", said(all="Thriller", none="Horror")),
    ("horror without jump scares", said(all="Horror")),
    ("a crime film, but nothing with the mafia", said(all="Crime")),
    ("something as tense as Heat", said(like="Heat")),
    ("same vibe as Fargo", said(like="Fargo")),
    ("a movie with kids in it", said()),
    ("what about the 70s", said(min=1970, max=1979)),
    ("a film about the 60s", said()),
    ("it shouldn't be older than 1995", said(min=1995)),
    ("not an 80s film, a comedy made after 1990", said(all="Comedy", min=1991)),
    ("between 1990 and 95", said(min=1990, max=1995)),
    ("a western made in '69", said(all="Western", min=1969, max=1969)),
    ("80s/90s horror", said(all="Horror", min=1980, max=1999)),
    ("released in 1980 at the earliest", said(min=1980)),
    ("one wants action and six women come over", said(all="Action")),
]


@pytest.mark.parametrize(("text", "expected"), FIRM)
def test_firm_wishes_however_they_are_said(text: str, expected: dict[str, object]) -> None:
    assert hard_part(read(text).wish) == expected


SOFT = [
    ("witty and a bit melancholic", "witty", ""),
    ("neon, rain, loneliness", "rain", ""),
    ("a fantasy minus dragons, elves and prophecies", "", "elves"),
    ("she can't do violence, a drama please", "", "violence"),
    ("more about ideas than effects", "ideas", "effects"),
    ("something bittersweet about growing up", "bittersweet", ""),
    ("not in the mood for anything heavy", "", "heavy"),
    ("black and white comedies", "black and white", ""),
    ("a superhero film, but no more marvel", "superhero", "marvel"),
]


@pytest.mark.parametrize(("text", "query", "avoid"), SOFT)
def test_moods_and_topics_however_they_are_said(text: str, query: str, avoid: str) -> None:
    wish = read(text).wish
    assert query in wish.query
    assert avoid in wish.avoid


CRITIQUES = [
    ("these look pretty bleak", "bleak"),
    ("can it be more serious? these are goofy", "goofy"),
    ("those are all too violent", "violent"),
]


@pytest.mark.parametrize(("text", "avoid"), CRITIQUES)
def test_complaints_about_what_was_shown_push_away(text: str, avoid: str) -> None:
    reading = read(text, ConversationState(wish=Wish(genres_all=("Drama",)), last_slate=SLATE))
    assert reading.intent == "recommend"
    assert avoid in reading.wish.avoid
    assert reading.wish.genres_all == ("Drama",)
    assert not reading.disliked_item_ids


def test_these_are_too_old_asks_for_newer_ones() -> None:
    reading = read("these are too old", ConversationState(wish=Wish(), last_slate=SLATE))
    assert reading.wish.year_min is not None
    assert reading.wish.notes == ("newer",)


def test_others_after_what_is_known_are_more_of_the_same() -> None:
    wish = Wish(genres_all=("Crime",))
    reading = read(
        "I've seen all of these. what else?", ConversationState(wish=wish, last_slate=SLATE)
    )
    assert (reading.intent, reading.seen_item_ids) == ("more", SLATE)


def test_those_are_the_ones_just_pointed_at() -> None:
    state = ConversationState(wish=Wish(genres_all=("Drama",)), last_slate=SLATE)
    reading = read(
        "the second and the third look good, a couple more like those from the 90s", state
    )
    assert titles(reading.wish.like_item_ids) == ["Fargo", "Alien"]
    assert reading.wish.genres_all == ("Drama",)
    assert (reading.wish.year_min, reading.wish.year_max) == (1990, 1999)


def test_somebody_else_instead_replaces_a_person() -> None:
    assert after("with Tom Hanks", "with Bill Murray instead").people_all == ("Bill Murray",)


def test_waving_a_slate_away_judges_no_film() -> None:
    state = ConversationState(wish=Wish(genres_all=("Drama",)), last_slate=SLATE)
    reading = read("nah, none of those. show me some others", state)
    assert (reading.intent, reading.disliked_item_ids) == ("more", ())


def test_a_lasting_preference_leaves_the_wish_alone() -> None:
    wish = Wish(genres_all=("Comedy",))
    reading = read("remember that I hate horror", ConversationState(wish=wish))
    assert (reading.intent, reading.wish) == ("remember", wish)
    assert [(one.kind, one.value) for one in reading.learned] == [("dislike", "Horror")]


def test_what_others_loved_is_no_opinion_of_the_person() -> None:
    reading = read("my ex loved Titanic, so anything but that")
    assert reading.liked_item_ids == ()
    assert titles(reading.disliked_item_ids) == ["Titanic"]


@pytest.mark.parametrize("text", ["surprise me", "i don't know", "whatever", "not sure"])
def test_leaving_the_choice_keeps_the_conditions(text: str) -> None:
    old = Wish(genres_all=("Comedy",), year_min=1990, query="dogs", genres_none=("Horror",))
    reading = read(text, ConversationState(wish=old))
    assert reading.wants_slate
    assert reading.wish == old.model_copy(update={"query": ""})


@pytest.mark.parametrize(
    "text", ['json {"a": 1} like "Blorp Zork"', "like <b>Blorp</b>", "like `x`"]
)
def test_markup_names_no_title(text: str) -> None:
    assert read(text).unknown_titles == ()


PLACES = [
    ("number two was boring", ["Fargo"]),
    ("2 bored me to tears", ["Fargo"]),
]


@pytest.mark.parametrize(("text", "disliked"), PLACES)
def test_numbers_point_at_what_was_shown(text: str, disliked: list[str]) -> None:
    reading = read(text, ConversationState(last_slate=SLATE))
    assert titles(reading.disliked_item_ids) == disliked


def test_a_surname_is_of_somebody_in_what_was_shown() -> None:
    reading = read("not weaver again", ConversationState(last_slate=SLATE))
    assert reading.wish.people_none == ("Sigourney Weaver",)


def test_a_pair_of_places_is_compared() -> None:
    reading = read("how do the first and last differ", ConversationState(last_slate=SLATE))
    assert (reading.intent, titles(reading.item_ids)) == ("compare", ["Heat", "Casablanca"])


def test_swapping_one_for_another() -> None:
    assert after("with Tom Hanks", "swap him for Bill Murray").people_all == ("Bill Murray",)
    assert after("action films", "swap action for comedy").genres_all == ("Comedy",)


def test_forgetting_in_talk_is_no_command() -> None:
    assert read("i want to laugh till i forget my ex").intent == "recommend"
    reading = read(
        "forget all that. a western please", ConversationState(wish=Wish(genres_all=("Drama",)))
    )
    assert reading.wish.genres_all == ("Western",)


@pytest.mark.parametrize(
    "text",
    ["this is useless, you stupid machine", "you stupid machine", "stupid bot, these are awful"],
)
def test_the_words_of_an_insult_are_no_wish(text: str) -> None:
    assert read(text).act == "insult"


def test_an_open_wish_forgets_the_topic_but_not_what_was_refused() -> None:
    state = ConversationState(
        wish=Wish(genres_all=("Drama",), genres_none=("Musical",), people_none=("Tom Hanks",)),
        last_slate=SLATE,
    )
    wish = read("recommend something", state).wish
    assert hard_part(wish) == hard_part(Wish(genres_none=("Musical",), people_none=("Tom Hanks",)))
