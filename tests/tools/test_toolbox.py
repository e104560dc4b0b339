"""The toolbox: schemas a server accepts, errors a model can act on, and nothing else that gets out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from rec_core import SettingsError, UnknownUserError
from tests.film_world import film_id
from tools import (
    Tool,
    ToolArguments,
    Toolbox,
    ToolCall,
    ToolContext,
    ToolFailed,
    ToolResult,
    ToolRetry,
    default_toolbox,
)

from .tool_kit import make_context, use

NAMES = (
    "search_items",
    "recommend",
    "similar_items",
    "rank_candidates",
    "item_details",
    "compare_items",
    "why_recommended",
    "remember_preference",
    "forget_preference",
    "present_slate",
)


def nodes(value: Any) -> Iterator[Any]:
    yield value
    for part in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from nodes(part)


def test_the_ten_tools_are_there_in_order() -> None:
    assert default_toolbox().names == NAMES


def test_schemas_are_plain_and_every_argument_is_described() -> None:
    for spec in default_toolbox().specs():
        assert spec.description
        assert spec.schema["type"] == "object"
        assert spec.schema["additionalProperties"] is False
        json.dumps(spec.schema)
        for node in nodes(spec.schema["properties"]):
            if isinstance(node, dict):
                assert not {"$ref", "$defs", "anyOf"} & set(node)
        for name, part in spec.schema["properties"].items():
            assert part.get("description"), f"{spec.name}.{name}"
            assert "type" in part, f"{spec.name}.{name}"


def test_an_argument_called_title_survives_the_clearing_of_titles() -> None:
    (spec,) = (spec for spec in default_toolbox().specs() if spec.name == "item_details")
    assert set(spec.schema["properties"]) == {"item_id", "title"}


def test_no_schema_names_the_user() -> None:
    text = json.dumps([spec.schema for spec in default_toolbox().specs()])
    assert "user" not in text


def test_the_schema_hash_is_stable_and_tells_toolboxes_apart() -> None:
    whole = default_toolbox()
    assert whole.schema_hash == default_toolbox().schema_hash
    assert whole.schema_hash != Toolbox(()).schema_hash


def test_two_tools_of_one_name_are_a_mistake() -> None:
    tool = Tool(
        name="x", description="x", arguments=ToolArguments, run=lambda a, c: ToolResult(text="")
    )
    with pytest.raises(ValueError, match="same name"):
        Toolbox((tool, tool))


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("nope", {}, 'There is no tool "nope". Tools: search_items, recommend'),
        ("recommend", {"k": 500}, "k: Input should be less than or equal to 50 \\(given: 500\\)"),
        ("recommend", {"foo": 1}, "There is no argument foo. It takes: query \\(optional\\)"),
        ("similar_items", {}, "item_id is missing. It takes: item_id,"),
        ("recommend", {"filter": {"year_min": 2000, "year_max": 1990}}, "Swap them"),
        ("recommend", {"filter": {"genres_all": ["Scary"]}}, 'No genre is called "Scary".*Comedy'),
        ("recommend", {"filter": {"people_all": ["Tim Hanks Jr"]}}, "Close names: Tom Hanks"),
        ("recommend", {"filter": {"people_all": ["Xyzzy Qwrt"]}}, "No name is close"),
        ("recommend", {"like": ["Toy Stroy"]}, "Did you mean: f002 = Toy Story \\(1995\\)"),
        ("recommend", {"like": ["zzz"]}, "Get ids from search_items"),
        ("recommend", {"genre_weights": {"Comedy": 2}}, "genre_weights.Comedy: Input should be"),
        ("rank_candidates", {}, "either handle or item_ids"),
        ("rank_candidates", {"handle": "c4"}, "Known handles: none yet"),
        ("item_details", {}, "either item_id or title"),
        ("item_details", {"title": "Blargh of Destiny"}, "no title like"),
        ("compare_items", {"item_ids": ["f001", "f001"]}, "two different"),
        ("present_slate", {"item_ids": []}, "at least 1"),
        ("present_slate", {"item_ids": ["f001"]}, "Not found by any tool in this turn: 'f001'"),
        ("remember_preference", {"kind": "adore"}, "kind: Input should be 'like'"),
    ],
)
def test_a_model_is_told_what_is_right(tool: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ToolRetry, match=message):
        use(tool, make_context(), arguments)


def test_arguments_must_be_an_object() -> None:
    call = ToolCall(tool="recommend", arguments=["k", 3])  # type: ignore[arg-type]
    with pytest.raises(ToolRetry, match="must be a JSON object"):
        default_toolbox().run(call, make_context())


@pytest.mark.parametrize(
    "fault", [SettingsError("No model.", "Set it in C:\\secret"), UnknownUserError("x")]
)
def test_faults_of_the_core_end_as_tool_failed_without_the_remedy(fault: Exception) -> None:
    def run(arguments: ToolArguments, context: ToolContext) -> ToolResult:
        raise fault

    toolbox = Toolbox((Tool(name="x", description="x", arguments=ToolArguments, run=run),))
    with pytest.raises(ToolFailed) as caught:
        toolbox.run(ToolCall(tool="x"), make_context())
    assert "secret" not in str(caught.value)


def test_lists_numbers_and_nulls_as_models_write_them_are_understood() -> None:
    context = make_context()
    found = use(
        "search_items",
        context,
        {"query": None, "filter": {"genres_all": "comedies", "people_none": None}, "k": "3"},
    )
    assert len(found.items) == 3
    assert use("search_items", context, {"filter": None, "k": 1}).handle == "c2"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(
        ["f001", "f002", "c1", "Comedy", "Tom Hanks", "like", "genre", "item", "Heat"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
_ARGUMENT_NAMES = """query filter k like avoid genre_weights exclude include_shown item_id item_ids handle title
    kind subject value quote message year_min genres_all people_all"""
KNOWN_NAMES = st.sampled_from(_ARGUMENT_NAMES.split())
ARGUMENTS = st.dictionaries(
    KNOWN_NAMES | st.text(max_size=8),
    JSON | st.dictionaries(KNOWN_NAMES, JSON, max_size=3),
    max_size=4,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.sampled_from(NAMES), arguments=ARGUMENTS)
def test_random_arguments_end_in_a_result_or_in_the_two_tool_errors(
    name: str, arguments: dict[str, Any]
) -> None:
    context = make_context(history=(film_id("Heat"),), disliked=(film_id("Jaws"),))
    try:
        result = use(name, context, arguments)
    except (ToolRetry, ToolFailed) as refusal:
        said = str(refusal)
        assert 0 < len(said) < 2_000
        assert "Traceback" not in said
    else:
        assert result.text
        assert all(candidate.item_id in context.bus for candidate in result.items)
        json.dumps(dict(result.data))


SENSIBLE = st.fixed_dictionaries(
    {},
    optional={
        "query": st.sampled_from(["space", "heist", "Toy Stroy", ""]),
        "like": st.lists(st.sampled_from(["f001", "f024", "f002"]), max_size=2),
        "avoid": st.sampled_from(["violence", ""]),
        "genre_weights": st.dictionaries(
            st.sampled_from(["Comedy", "horror", "sci fi"]), st.floats(-1, 1), max_size=2
        ),
        "filter": st.fixed_dictionaries(
            {},
            optional={
                "year_min": st.integers(1950, 1995),
                "year_max": st.integers(1996, 2010),
                "genres_none": st.sampled_from([["Horror"], "comedies"]),
                "exclude": st.lists(st.sampled_from(["f001", "f030"]), max_size=2),
            },
        ),
        "k": st.integers(1, 20),
    },
)


@settings(max_examples=50, deadline=None)
@given(arguments=SENSIBLE)
def test_no_recommendation_breaks_its_filter_or_shows_what_was_refused(
    arguments: dict[str, Any],
) -> None:
    context = make_context(history=("f002",), disliked=("f080", "f010"), shown=("f025", "f026"))
    found = use("recommend", context, arguments)
    wanted = arguments.get("filter", {})
    kept_out = {
        "f080",
        "f010",
        "f025",
        "f026",
        *arguments.get("like", ()),
        *wanted.get("exclude", ()),
    }
    for candidate in found.items:
        item = context.recommender.catalog[candidate.item_id]
        assert item.item_id not in kept_out
        if "year_min" in wanted:
            assert (item.year or 0) >= wanted["year_min"]
        if "year_max" in wanted:
            assert (item.year or 9_999) <= wanted["year_max"]
        refused = {"Horror"} if wanted.get("genres_none") == ["Horror"] else {"Comedy"}
        if "genres_none" in wanted:
            assert not refused & set(item.genres)
    assert len(found.items) <= arguments.get("k", 10)
