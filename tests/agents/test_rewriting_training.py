"""Training the rewriter on a world of six films with a random model of 256 letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from agents.llm.embedded import LoraRecipe
from agents.llm.embedded.training_data import TokenPair
from agents.llm.embedded.weights import merge_adapter
from agents.rewriting.additions import addition_text, composed_query
from agents.rewriting.companions import Companions
from agents.rewriting.environment import SearchEnvironment
from agents.rewriting.facts import FactFinder
from agents.rewriting.policies import rules_query
from agents.rewriting.rewards import RewardFailed, RewardParts
from agents.rewriting.tasks import RewriteTask
from agents.rewriting.training.credit import TitleCredit, returns_to_go, rows_to_learn_from
from agents.rewriting.training.demonstrations import SearchPlan, find_demonstrations
from agents.rewriting.training.grpo import GrpoReport, last_checkpoint, train_grpo
from agents.rewriting.training.instructions import INSTRUCTIONS, follow_instructions
from agents.rewriting.training.low_rank import LowRankShape, adapter_tensors, trainable
from agents.rewriting.training.models import ModelSource, embedded_source
from agents.rewriting.training.recipes import (
    RECIPES,
    GrpoPart,
    RewriterRecipe,
    grpo_settings,
    recipe_named,
)
from agents.rewriting.training.rewarding import AdditionRewards, shuffled_targets
from agents.rewriting.training.sampling import draw_completions
from agents.rewriting.training.sft import fine_tune
from agents.rewriting.training.shared_prompts import completion_log_probabilities
from rec_core import (
    ArtifactError,
    Catalog,
    HashEncoder,
    Item,
    RunOptions,
    SearchEngine,
    SettingsError,
)
from rec_core.dialogue import Utterance

from .embedded_kit import make_tiny_model

SHAPE = LowRankShape(rank=2, alpha=4, first_layer=1)
RECIPE = replace(
    RECIPES["cpu-135m"],
    shape=SHAPE,
    grpo=GrpoPart(
        prompts=1, completions=4, tokens=6, credit="answer", learning_rate=1e-2, checkpoint_every=2
    ),
)
FILMS = (
    Item(item_id="a", title="Alien Harvest", year=1979, genres=("Horror",)),
    Item(item_id="b", title="Night Terror", year=1984, genres=("Horror",)),
    Item(item_id="c", title="Silent Scream", year=1999, genres=("Horror",)),
    Item(item_id="d", title="Wedding Season", year=2005, genres=("Comedy",)),
    Item(item_id="e", title="Holiday Trip", year=2010, genres=("Comedy",)),
    Item(item_id="f", title="Desert War", year=2001, genres=("War",)),
)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog(FILMS)


@pytest.fixture(scope="module")
def finder(catalog: Catalog) -> FactFinder:
    return FactFinder.over(catalog)


@pytest.fixture(scope="module")
def environment(catalog: Catalog) -> SearchEnvironment:
    engine = SearchEngine.in_memory(catalog, HashEncoder(2))
    return SearchEnvironment(engine, retriever="bm25", depth=6)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> ModelSource:
    return embedded_source(make_tiny_model(tmp_path_factory.mktemp("rewriting") / "tiny"))


def task(name: str, text: str, *targets: str, group: str | None = None) -> RewriteTask:
    return RewriteTask(
        task_id=name, source="talk", group_id=group or name,
        context=(Utterance(role="user", text=text),), excluded=(), targets=targets,
    )  # fmt: skip


TASKS = tuple(
    task(f"t{place}", f"something scary, horror please {place}", target)
    for place, target in enumerate("bbbcccd")
)


def pairs(source: ModelSource) -> list[TokenPair]:
    answers = [[*source.tokens.plain(text), source.tokens.end] for text in ("ab", "ba", "abba")]
    return [TokenPair(tokens=(5, 6, 7, *answer), n_prompt=3) for answer in answers]


def sft(source: ModelSource, out: Path, *, until: int = 99) -> None:
    def progress(stage: str, done: int, total: int) -> None:
        if done == until:
            raise KeyboardInterrupt

    fine_tune(
        source, pairs(source), out=out, shape=SHAPE, run=RunOptions(seed=1), card="# Card",
        recipe=LoraRecipe(steps=4, batch_size=2, checkpoint_every=2, learning_rate=1e-2),
        progress=progress,
    )  # fmt: skip


class Letters(AdditionRewards):
    """Likes the letters a to m; a random model of letters writes no query that could be judged."""

    def parts(self, task_ids: Sequence[str], completions: Sequence[str]) -> tuple[RewardParts, ...]:
        self.count += len(completions) if self._last[1] != list(completions) else 0
        self._last = (list(task_ids), list(completions), ())
        return tuple(
            RewardParts(
                ndcg=sum("a" <= sign <= "m" for sign in text) / 6, format=0.1, length=0.0, copy=None,
                popularity=None, diversity=None,
            )
            for text in completions
        )  # fmt: skip


def grpo(
    source: ModelSource, finder: FactFinder, environment: SearchEnvironment, folder: Path,
    *, steps: int, rewards: AdditionRewards | None = None, recipe: RewriterRecipe = RECIPE,
) -> tuple[GrpoReport, dict[str, torch.Tensor]]:  # fmt: skip
    rewards = rewards or Letters({one.task_id: one for one in TASKS}, environment, finder)
    with RunOptions(seed=7).seeded_torch("adapter"):
        model = source.load(SHAPE)
        report = train_grpo(
            model, source, TASKS, finder=finder, companions=Companions.over(TASKS, finder),
            rewards=rewards, recipe=recipe, folder=folder, steps=steps, seed=7,
        )  # fmt: skip
    return report, adapter_tensors(model)


def test_demonstrations_are_the_companions_that_find_what_was_wanted(
    finder: FactFinder, environment: SearchEnvironment
) -> None:
    tasks = (*(task(f"h{n}", "a horror film", "b") for n in range(4)), task("own", "horror", "c"))

    (found,) = find_demonstrations(
        tasks[:1], companions=Companions.over(tasks, finder), finder=finder,
        environment=environment, generator=np.random.default_rng(0),
        plan=SearchPlan(titles=2, tries=2),
    )  # fmt: skip

    assert found.answer == "Night Terror"  # three others were recommended it; c by nobody else
    assert found.reward == 1.0


def test_titles_are_written_so_that_they_can_be_told_apart() -> None:
    assert addition_text(["It", "A;  B"]) == "It; A, B"


def test_a_title_that_was_written_twice_counts_once(finder: FactFinder) -> None:
    facts = finder.facts((Utterance(role="user", text="horror"),))

    assert composed_query(facts, "It; Saw; it ;Up").startswith("It; Saw; Up ")
    assert composed_query(facts, "") == rules_query(facts)


def test_a_part_that_does_not_apply_is_none_and_each_part_is_a_function_of_its_own(
    finder: FactFinder, environment: SearchEnvironment
) -> None:
    rewards = AdditionRewards({one.task_id: one for one in TASKS}, environment, finder)
    found = {
        one.__name__: one(completions=['Night Terror"}', '"}'], task=["t0", "t0"])
        for one in rewards.functions()
    }

    assert found["ndcg"] == [1.0, None]
    assert found["format"] == [0.1, -1.0]
    assert set(found) == {"ndcg", "format", "length", "copy"}
    assert rewards.count == 2  # the four functions share one computation


def test_shuffled_targets_are_those_of_other_dialogues() -> None:
    tasks = [task("x", "one", "a"), task("y", "two", "b"), task("z", "three", "c")]
    mixed = shuffled_targets(tasks, np.random.default_rng(0))

    assert all(one.targets != two.targets for one, two in zip(tasks, mixed, strict=True))
    with pytest.raises(RewardFailed, match="cannot be shuffled"):
        shuffled_targets(tasks[:1], np.random.default_rng(0))


def test_a_fresh_adapter_changes_nothing_and_a_saved_one_is_the_same_network(
    source: ModelSource, tmp_path: Path
) -> None:
    tokens = torch.tensor([[5, 6, 7, 8, 9]])
    plain = source.load(replace(SHAPE, first_layer=2))(input_ids=tokens).logits
    fresh = source.load(SHAPE)(input_ids=tokens).logits
    sft(source, tmp_path / "sft")
    tuned = source.load(SHAPE, tmp_path / "sft")(input_ids=tokens).logits
    merged = load_file(Path(source.place) / "model.safetensors")
    merge_adapter(merged, tmp_path / "sft")
    other = source.load(replace(SHAPE, first_layer=2))
    other.load_state_dict(merged, strict=False)

    assert torch.equal(plain, fresh)
    assert not torch.allclose(plain, tuned, atol=1e-2)
    assert torch.allclose(other(input_ids=tokens).logits.float(), tuned.float(), atol=0.15)
    with pytest.raises(ArtifactError, match="another rank"):
        source.load(replace(SHAPE, rank=3), tmp_path / "sft")


def test_fine_tuning_goes_on_after_a_stop_as_if_there_had_been_none(
    source: ModelSource, tmp_path: Path
) -> None:
    sft(source, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        sft(source, tmp_path / "cut", until=3)
    sft(source, tmp_path / "cut")

    first, second = (
        load_file(tmp_path / name / "adapter_model.safetensors") for name in ("whole", "cut")
    )
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_completions_of_a_prompt_stand_together_and_end_where_they_are_done(
    source: ModelSource,
) -> None:
    model = source.load(SHAPE).eval()
    torch.manual_seed(0)
    drawn = draw_completions(
        model, [[5], [6, 7, 8]], count=3, limit=5, temperature=1e-4, filler=2,
        is_done=lambda written: len(written) == 4,
    )  # fmt: skip
    alone = draw_completions(
        model, [[6, 7, 8]], count=1, limit=5, temperature=1e-4, filler=2,
        is_done=lambda written: False,
    )  # fmt: skip

    assert [len(one) for one in drawn] == [4] * 6
    assert drawn[0] == drawn[1] == drawn[2]
    assert drawn[3] == drawn[4] == drawn[5] == alone[0][:4]
    assert len(alone[0]) == 5


def test_each_title_gains_what_it_adds_to_the_ranking(
    finder: FactFinder, environment: SearchEnvironment
) -> None:
    rewards = AdditionRewards({one.task_id: one for one in TASKS}, environment, finder)

    # "scary horror" alone ranks the three horror films by row: the second is wanted.
    gains = rewards.title_gains(
        ["t0", "t0", "t0"],
        ['Desert War; Night Terror; Night Terror"}', 'Night Terror"}', '"}'],
    )

    before, after = 1 / np.log2(3), 1.0
    assert gains[1] == pytest.approx((after - before,))
    assert len(gains[0]) == 3
    assert sum(gains[0]) == pytest.approx(
        rewards.parts(["t0"], ['Desert War; Night Terror"}'])[0].ndcg or 0 - before, abs=1
    )
    assert gains[0][2] == 0  # written before
    assert gains[2] == ()


def test_tokens_earn_what_their_title_and_the_later_ones_add(source: ModelSource) -> None:
    class Known(AdditionRewards):
        def __init__(self) -> None:
            pass

        def title_gains(self, task_ids, completions):  # type: ignore[no-untyped-def]
            assert completions == ["a;b", 'c"}', "d;e", "f"]
            return ((0.1, 0.4), (0.3,), (0.0, 0.0), ())

        def parts(self, task_ids, completions):  # type: ignore[no-untyped-def]
            form = (0.1, 0.1, 0.1, -0.3)
            return tuple(
                RewardParts(ndcg=None, format=one, length=None, copy=None, popularity=None, diversity=None)
                for one in form
            )  # fmt: skip

    assert returns_to_go(((0.1, 0.4), (0.3,), ())).tolist() == [
        [0.5, 0.4, 0.0], [0.3, 0.0, 0.0], [0.0, 0.0, 0.0],
    ]  # fmt: skip
    ids = [source.tokens.plain(text) for text in ("a;b", 'c"}', "d;e", "f")]
    found = TitleCredit(Known(), source.tokens).advantages(["t"] * 4, ids, group=4)
    # Less the means .2, .1 and 0 of the group at each title; the form adds .1 and takes .3.
    assert found[0] == pytest.approx(10 * np.array([0.3, 0.3, 0.3]) + 1)
    assert found[1] == pytest.approx(10 * np.array([0.1, -0.1, -0.1]) + 1)
    assert found[2] == pytest.approx(10 * np.array([-0.2, -0.1, -0.1]) + 1)
    assert found[3] == pytest.approx(10 * np.array([-0.2]) - 3)


def test_prompts_that_teach_nothing_are_not_learnt_from() -> None:
    idle, weak, strong = np.array([0.0]), np.array([0.05, -0.05]), np.array([0.0, -1.2])

    assert rows_to_learn_from([idle, idle, strong, idle, weak, weak], group=2) == [2, 3]
    assert rows_to_learn_from([idle, idle, weak, idle], group=2) == [2, 3]


def test_prompts_that_are_read_once_give_the_same_probabilities_and_gradients(
    source: ModelSource,
) -> None:
    model = source.load(SHAPE).float()
    for one in trainable(model):
        torch.nn.init.normal_(one, std=0.05)
    ids = torch.tensor([[2, 5, 6, 9, 8], [7, 5, 6, 8, 2], [2, 5, 6, 7, 7], [7, 5, 6, 4, 4]])
    mask = torch.tensor([[0, 1, 1, 1, 1], [1, 1, 1, 1, 0], [0, 1, 1, 1, 1], [1, 1, 1, 1, 1]])

    shared, entropies = completion_log_probabilities(model, ids, mask, written=2, temperature=0.7)
    shared.sum().backward()
    gradients = [one.grad.clone() for one in trainable(model) if one.grad is not None]
    model.zero_grad()
    logits = model(input_ids=ids, attention_mask=mask, position_ids=(mask.cumsum(1) - 1).clamp(min=0)).logits  # fmt: skip
    logs = torch.log_softmax(logits[:, 2:4] / 0.7, dim=-1)
    plain = logs.gather(-1, ids[:, 3:, None])[:, :, 0] * mask[:, 3:]
    plain.sum().backward()

    assert torch.allclose(shared, plain, atol=1e-5)
    expected = -(logs.exp() * logs).sum(-1) * mask[:, 3:]
    assert torch.allclose(entropies, expected, atol=1e-4)
    again = [one.grad for one in trainable(model) if one.grad is not None]
    assert len(again) == len(gradients) > 0
    assert all(
        torch.allclose(one, two, atol=1e-4) for one, two in zip(gradients, again, strict=True)
    )


def test_grpo_by_titles_takes_steps(
    source: ModelSource, finder: FactFinder, environment: SearchEnvironment, tmp_path: Path
) -> None:
    by_title = replace(RECIPE, grpo=replace(RECIPE.grpo, credit="title"))
    rewards = AdditionRewards(
        {one.task_id: one for one in TASKS}, environment, finder, chance=np.random.default_rng(1)
    )

    report, _ = grpo(source, finder, environment, tmp_path / "run", steps=2, rewards=rewards, recipe=by_title)  # fmt: skip

    assert [row["step"] for row in report.history if "reward" in row] == [1, 2]


def test_grpo_takes_steps_and_logs_every_part(
    source: ModelSource, finder: FactFinder, environment: SearchEnvironment, tmp_path: Path
) -> None:
    report, tensors = grpo(source, finder, environment, tmp_path / "run", steps=3)

    rows = [row for row in report.history if "reward" in row]
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert all("rewards/format/mean" in row for row in rows)
    assert any(one.abs().sum() > 0 for name, one in tensors.items() if "lora_B" in name)
    assert report.shares.rewards == 12
    assert sum(report.shares.as_dict()[f"share_{part}"] for part in ("generation", "reward", "update")) == pytest.approx(1)  # fmt: skip
    assert not list((tmp_path / "run").rglob("training_args.bin"))
    assert list((tmp_path / "run").rglob("events.out.tfevents*"))


@pytest.mark.slow
def test_grpo_goes_on_after_a_cut_checkpoint_on_the_same_curve(
    source: ModelSource, finder: FactFinder, environment: SearchEnvironment, tmp_path: Path
) -> None:
    whole, tensors = grpo(source, finder, environment, tmp_path / "whole", steps=6)
    calls = {"n": 0}

    class Dying(Letters):
        def parts(self, task_ids, completions):  # type: ignore[no-untyped-def]
            calls["n"] += 1
            if calls["n"] > 16:  # four parts a step: in the fifth step
                raise KeyboardInterrupt
            return super().parts(task_ids, completions)

    dying = Dying({one.task_id: one for one in TASKS}, environment, finder)
    with pytest.raises(KeyboardInterrupt):
        grpo(source, finder, environment, tmp_path / "cut", steps=6, rewards=dying)
    (tmp_path / "cut" / "checkpoint-5").mkdir()  # as a kill leaves it
    resumed, again = grpo(source, finder, environment, tmp_path / "cut", steps=6)

    assert [row["reward"] for row in resumed.history if "reward" in row] == pytest.approx(
        [row["reward"] for row in whole.history if "reward" in row]
    )
    assert all(torch.allclose(tensors[name], again[name]) for name in tensors)


def test_a_reward_that_is_no_number_stops_the_run_with_a_checkpoint(
    source: ModelSource, finder: FactFinder, environment: SearchEnvironment, tmp_path: Path
) -> None:
    class Broken(SearchEnvironment):
        def rank(self, queries, excluded):  # type: ignore[no-untyped-def]
            if self.asked:
                raise ZeroDivisionError("no ranking today")
            return super().rank(queries, excluded)

    broken = Broken(environment.engine, retriever="bm25", depth=6)
    broken.asked = 1
    rewards = AdditionRewards({one.task_id: one for one in TASKS}, broken, finder)
    with pytest.raises(RewardFailed, match="no ranking today"):
        grpo(source, finder, environment, tmp_path / "run", steps=3, rewards=rewards)

    folder, step = last_checkpoint(tmp_path / "run")
    assert (step, folder is not None) == (0, True)


def test_recipes_are_found_by_name_and_say_what_trl_is_told() -> None:
    with pytest.raises(SettingsError, match="no recipe 'tpu'"):
        recipe_named("tpu")
    told = grpo_settings(recipe_named("gpu-3b-vllm"), steps=7, seed=1, folder="run")

    assert (told["use_vllm"], told["vllm_mode"], told["max_steps"]) == (True, "colocate", 7)
    assert told["per_device_train_batch_size"] * told["gradient_accumulation_steps"] == 32 * 12


def test_instructions_are_followed_or_not_by_what_is_written() -> None:
    class Parrot:
        name = "parrot"

        def write(self, prompts, *, prefill, limit, progress=None):  # type: ignore[no-untyped-def]
            return tuple("Paris, Rome and Tokyo." for _ in prompts)

    score = follow_instructions(Parrot(), INSTRUCTIONS[:4])

    assert (score.followed, score.of) == (3, 4)
    assert len(INSTRUCTIONS) == 30
