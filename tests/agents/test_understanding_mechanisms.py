"""General rules of English that labelled requests showed to be missing, each with words of its own."""

from __future__ import annotations

import pytest

from agents.answering import people_phrases, told_notes
from agents.state import ConversationState, Wish
from agents.understanding import Reading
from tests.agents.rules_world import Conversation, Reply, film_recommender
from tests.agents.test_understanding import hard_part, read, said
from tests.agents.test_understanding_turns import SLATE
from tests.film_world import film_id

THRILLERS = ConversationState(wish=Wish(genres_all=("Thriller",)), last_slate=SLATE)


def shown(text: str) -> Reading:
    """A message after thrillers were wished for and some were shown."""
    return read(text, THRILLERS)


def talk(*texts: str) -> list[Reply]:
    """Messages to the rules planner over the small film world."""
    conversation = Conversation(recommender=film_recommender())
    return [conversation.say(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("it makes no difference", "recommend"),
        ("for what reason did you choose the first one?", "explain"),
        ("that's all gangster films. Comedies only.", "recommend"),
        ("that's all, thanks", "chat"),
        ("loved the first two. got any more?", "more"),
        ("Heat was great, just so you know", "feedback"),
        ("I've seen Heat and Casino already, fyi", "feedback"),
        ("just so you know, I can't stand horror", "remember"),
        ("the first one was fine but I didn't like it", "feedback"),
        ("what is closest to Heat but with robots", "recommend"),
        ("what if it was animated", "recommend"),
        ("Is there a Toy Story for grown-ups?", "recommend"),
        ("how do I boil an egg", "chat"),
        ("how do I find a good film", "recommend"),
        ("what languages do you speak?", "chat"),
        ("thumbs down for Titanic (1997). How could such a cast be so bad", "feedback"),
        ("come on, everybody knows these", "recommend"),
        ("the red if it them which since", "unknown"),
    ],
)
def test_what_somebody_does(text: str, intent: str) -> None:
    assert shown(text).intent == intent


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # whoever complains of what was shown wants what it is not
        ("that isn't scary at all", said(all="Horror, Thriller")),
        ("these are not for kids", said(all="Children, Thriller")),
        ("whatever, as long as Brad Pitt is not in it", said(all="Thriller", nopeople="Brad Pitt")),
        ("I'd rather not see any more Tom Cruise", said(all="Thriller", nopeople="Tom Cruise")),
        ("get three of them with Tom Hanks", said(all="Thriller", people="Tom Hanks", count=3)),
        # what is said of somebody in it is no kind of film
        ("Tom Hanks in a funny role, please, among such films", said(all="Thriller", people="Tom Hanks")),
        ("turn the thriller part down a bit", said()),
    ],
)  # fmt: skip
def test_what_is_wanted_after_thrillers(text: str, expected: dict[str, object]) -> None:
    assert hard_part(shown(text).wish) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a film made before the war", said()),
        ("a war film", said(all="War")),
        ("a film from 2000 onward", said(min=2000)),
        ("a drama, though my dad never cries", said(all="Drama")),
        ("a comedy that deserves 10/10", said(all="Comedy")),
        ("who directed Jackie Brown? I want to see his films", said(people="Quentin Tarantino")),
        ("with Clint Eastwood directing", said(people="Clint Eastwood")),
        ("nothing scary, she is seven", said(none="Horror")),
    ],
)
def test_what_a_first_message_wants(text: str, expected: dict[str, object]) -> None:
    found = hard_part(read(text).wish)
    assert {name: found.get(name) for name in expected} == expected
    assert set(found) <= {*expected, "like"}


def test_the_age_of_a_child_asks_for_what_suits_children() -> None:
    assert read("a comedy, my nephew is eight").wish.genre_weights["Children"] > 0
    assert "Children" not in read("a comedy, my nephew is twenty").wish.genre_weights


def test_anywhere_but_is_a_refusal() -> None:
    assert read("films from anywhere but America").wish.avoid == "american"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("never anything with Tom Hanks, remember that", [("must_not", "Tom Hanks")]),
        ("remember: nothing with Tom Cruise ever", [("must_not", "Tom Cruise")]),
        ("never Al Pacino or Brad Pitt again", [("must_not", "Al Pacino"), ("must_not", "Brad Pitt")]),
        ("no westerns ever again, keep that in mind", [("must_not", "Western")]),
    ],
)  # fmt: skip
def test_what_is_refused_for_good_is_kept_as_refused(
    text: str, kept: list[tuple[str, str]]
) -> None:
    assert [(one.kind, one.value) for one in read(text).learned] == kept


def test_what_is_refused_for_tonight_is_not_kept_for_good() -> None:
    learned = read("remember: no westerns tonight").learned
    assert all(one.kind != "must_not" for one in learned)


@pytest.mark.parametrize(
    ("text", "examples"),
    [
        ("films with Tom Hanks", ()),
        ("some movies by Martin Scorsese", ()),
        ("also with Tom Hanks", (film_id("Heat"),)),
        ("with Tom Hanks", (film_id("Heat"),)),
    ],
)
def test_a_plain_new_request_drops_the_old_example(text: str, examples: tuple[str, ...]) -> None:
    state = ConversationState(wish=Wish(like_item_ids=(film_id("Heat"),)), last_slate=SLATE)
    assert read(text, state).wish.like_item_ids == examples


def test_some_of_those_shown_keep_the_wish() -> None:
    found = shown("Could you show me two of those, so that the children can choose?").wish
    assert found.genres_all[:1] == ("Thriller",)
    assert found.count == 2


def test_gibberish_gets_something_to_look_at_and_a_word_about_it() -> None:
    (reply,) = talk("asdkjh qwelkj zxcmn")
    assert reply.item_ids
    assert reply.plan.intent == "unknown"
    assert "couldn't make that out" in reply.plan.say
    assert "many people like" in reply.plan.say


def test_what_is_asked_for_against_a_rule_is_served_and_told() -> None:
    *_, reply = talk("I never watch horror, remember that", "something scary")
    horror = film_recommender().catalog
    assert all("Horror" in horror[item_id].genres for item_id in reply.item_ids)
    assert any('"never horror"' in notice for notice in reply.plan.notices)


def test_roles_and_years_are_told_once() -> None:
    wish = Wish(
        people_all=("Clint Eastwood", "Tom Hanks"), year_min=2003,
        notes=("Clint Eastwood directing", "newer", "lighter"),
    )  # fmt: skip
    assert people_phrases(wish) == ["directed by Clint Eastwood", "with Tom Hanks"]
    assert told_notes(wish) == ["lighter"]


def test_a_refusal_before_anything_was_shown_waves_no_slate_away() -> None:
    (reply,) = talk("not Star Wars")
    assert "none of those" not in reply.plan.say
