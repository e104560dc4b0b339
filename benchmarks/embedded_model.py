"""The embedded model's speed: grammar, network, whole requests, fine-tuning.

    OMP_NUM_THREADS=2 python benchmarks/embedded_model.py --cache FOLDER --threads 2 [--part request] [--adapter FOLDER]

Prints wall and CPU seconds: on a machine shared with others only the second can be compared.
Other grammar libraries are measured where they are installed; Rapport does not need them.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from langchain_core.messages import HumanMessage, SystemMessage

from agents import BudgetMeter, TurnLimits
from agents.llm.embedded import EmbeddedModel, EmbeddedOptions, LoraRecipe, prepare_base_model
from agents.llm.embedded.decoding import Drafts, write_answer
from agents.llm.embedded.weights import load_weights
from rec_core.runtime import has_fast_bfloat16

GENRES = [
    "Action",
    "Adventure",
    "Animation",
    "Comedy",
    "Crime",
    "Drama",
    "Fantasy",
    "Horror",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
]
KINDS = ("recommend", "more", "explain", "compare", "details", "feedback", "remember", "chat")


def _texts(most: int, longest: int) -> dict[str, Any]:
    text = {"type": "string", "minLength": 1, "maxLength": longest}
    return {"type": "array", "items": text, "minItems": 1, "maxItems": most}


def _genres() -> dict[str, Any]:
    return {"type": "array", "items": {"enum": GENRES}, "minItems": 1, "maxItems": 4}


YEAR = {"anyOf": [{"type": "integer", "minimum": 1900, "maximum": 2030}, {"type": "null"}]}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "intent": {"enum": list(KINDS)},
        "genres": _genres(),
        "genres_not": _genres(),
        "years": {"type": "array", "items": YEAR, "minItems": 2, "maxItems": 2},
        "people": _texts(3, 40),
        "people_not": _texts(3, 40),
        "like": _texts(3, 60),
        "words": _texts(5, 30),
        "less": _texts(4, 30),
        "count": {"type": "integer", "minimum": 1, "maximum": 20},
    },
    "required": ["intent"],
    "additionalProperties": False,
}
ANSWER: dict[str, Any] = {
    "intent": "recommend",
    "genres": ["Crime", "Thriller"],
    "years": [1990, 1999],
    "like": ["Heat", "The Usual Suspects"],
    "words": ["heist", "slow"],
    "less": ["violent"],
    "count": 2,
}
SYSTEM = "You turn what a person says to a recommender of films into JSON. " * 9
REQUESTS = (
    "something like Heat but less violent, from the 90s",
    "two films like Toy Story that are not for kids",
    "I hated Titanic. Give me a western.",
    "a slow heist film in the spirit of The Usual Suspects with Robert De Niro, no musicals",
)


def best(work: Callable[[], object], times: int) -> str:
    """Best wall and CPU milliseconds of some runs."""
    walls, cpus = [], []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return f"wall {min(walls) * 1e3:8.1f} ms  cpu {min(cpus) * 1e3:8.1f} ms"


def grammar(folder: Path) -> None:
    """Seconds to compile a schema, microseconds a mask, and how much of an answer is forced."""
    from agents.llm.embedded.chat_text import ChatTokens
    from agents.llm.embedded.constrained import AnswerGrammars

    chat = ChatTokens(folder / "tokenizer.json")
    started = time.perf_counter()
    grammars = AnswerGrammars(folder / "tokenizer.json", end_token=chat.end, vocabulary=49_152)
    print(f"llguidance: tokenizer once {time.perf_counter() - started:.3f} s")
    started = time.perf_counter()
    grammars.begin(SCHEMA)
    print(f"llguidance: schema once {time.perf_counter() - started:.4f} s")
    wanted = chat.answer(json.dumps(ANSWER, separators=(",", ":")))[:-1]
    answer, seconds, forced, place = grammars.begin(SCHEMA), [], 0, 0
    while place < len(wanted):
        started = time.perf_counter()
        given = answer.forced()
        if given:
            assert wanted[place : place + len(given)] == given
            forced, place = forced + len(given), place + len(given)
            continue
        answer.allowed()
        seconds.append(time.perf_counter() - started)
        answer.write(wanted[place])
        place += 1
    print(
        f"llguidance: {forced} of {len(wanted)} tokens forced; mask p50 "
        f"{np.median(seconds) * 1e6:.0f} us, p95 {np.quantile(seconds, 0.95) * 1e6:.0f} us"
    )
    _other_grammars(folder)


def _other_grammars(folder: Path) -> None:
    try:
        import xgrammar
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        words = [tokenizer.id_to_token(place) for place in range(49_152)]
        info = xgrammar.TokenizerInfo(
            words, vocab_type=xgrammar.VocabType.BYTE_LEVEL, vocab_size=49_152, stop_token_ids=[2]
        )
        compiler = xgrammar.GrammarCompiler(info)
        started = time.perf_counter()
        compiler.compile_json_schema(json.dumps(SCHEMA), any_whitespace=False)
        print(f"xgrammar: schema once {time.perf_counter() - started:.3f} s")
    except ImportError:
        print("xgrammar: not installed")


def network(folder: Path) -> None:
    """One pass of ours and of transformers': the prompt, one token, eight tokens."""
    from transformers import DynamicCache, LlamaForCausalLM

    weights = load_weights(folder)
    tokens = np.random.default_rng(0).integers(100, 40_000, 250).tolist()
    cache = weights.network.new_cache()

    def read(part: list[int], kept: int) -> None:
        cache.keep(kept)
        weights.network.logits(weights.network.read(part, cache)[-1:])

    print("ours, 250 tokens     ", best(lambda: read(tokens, 0), 5))
    read(tokens, 0)
    for size in (1, 8):
        print(f"ours, {size} more         ", best(lambda size=size: read(tokens[:size], 250), 15))
    dtype = torch.bfloat16 if has_fast_bfloat16() else torch.float32
    model = LlamaForCausalLM.from_pretrained(folder, dtype=dtype)
    prompt = torch.tensor([tokens])
    with torch.inference_mode():
        print("transformers, 250    ", best(lambda: model(prompt, logits_to_keep=1), 5))
        held = DynamicCache()
        model(prompt, past_key_values=held)
        print(
            "transformers, 1 more ",
            best(lambda: model(prompt[:, :1], past_key_values=held, logits_to_keep=1), 15),
        )


def request(folder: Path, adapter: Path | None, rounds: int) -> None:
    """Whole requests with a new message each; then a given 58-token answer with and without tricks."""
    options = EmbeddedOptions(answer_tokens=60)
    adapters = {} if adapter is None else {"measured": adapter}
    model = EmbeddedModel(
        folder, adapters=adapters, adapter=None if adapter is None else "measured", options=options
    )
    model.load()
    walls, cpus = [], []
    for place in range(rounds):
        messages = (SystemMessage(SYSTEM), HumanMessage(f"{REQUESTS[place % 4]} ({place})"))
        wall, cpu = time.perf_counter(), time.process_time()
        model.complete(
            messages, schema=SCHEMA, prompt=("bench", "0"), meter=BudgetMeter(TurnLimits())
        )
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    sizes = [(call.tokens_in, call.tokens_out) for call in model.ledger.calls]
    print(f"{rounds} requests, mean (prompt, answer) tokens {np.mean(sizes, axis=0)}")
    for name, seconds in (("wall", walls), ("cpu", cpus)):
        p50, p95 = np.quantile(seconds, [0.5, 0.95])
        print(
            f"  {name} p50 {p50:.2f} s, p95 {p95:.2f} s, first (system prompt read) {seconds[0]:.2f} s"
        )
    _given_answer(folder)


def _given_answer(folder: Path) -> None:
    """The time of one fixed answer: what the model would say is overruled, drafts see the words."""
    weights = load_weights(folder)
    prompt = weights.chat.prompt((SystemMessage(SYSTEM), HumanMessage(REQUESTS[3])))
    wanted = weights.chat.answer(json.dumps(ANSWER, separators=(",", ":")))

    def write(*, ahead: bool, shared: bool) -> int:
        answer = weights.grammars.begin(SCHEMA)
        left = iter(wanted)
        forced = answer.forced

        def counted() -> list[int]:
            given = forced()
            for _ in given:
                next(left)
            return given

        answer.forced = counted
        cache = weights.cache if shared else weights.network.new_cache()
        written = write_answer(
            weights.network,
            prompt,
            answer,
            cache=cache,
            end_token=weights.chat.end,
            limit=200,
            choose=lambda _logits, _allowed: next(left),
            drafts=Drafts(prompt, weights.chat.word) if ahead else None,
        )
        return written.passes

    print(f"a given answer of {len(wanted)} tokens to a prompt of {len(prompt)}:")
    for ahead, shared in ((False, False), (False, True), (True, True)):
        passes = write(ahead=ahead, shared=shared)
        name = f"drafts {ahead!s:5}, prefix kept {shared!s:5}, {passes} passes"
        print(f"  {name}:", best(lambda a=ahead, s=shared: write(ahead=a, shared=s), 5))


def training(folder: Path) -> None:
    """Forward and backward of 1,000 tokens, a fifth of them learnt: ours, and with all tokens' logits."""
    from torch.nn import functional

    from agents.llm.embedded.finetuning import adapted_model

    model = adapted_model(folder, LoraRecipe())
    tokens = torch.randint(100, 40_000, (4, 250), generator=torch.Generator().manual_seed(0))
    learnt = torch.zeros(4, 250, dtype=torch.bool)
    learnt[:, 200:] = True

    def step(*, everywhere: bool) -> None:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_fast_bfloat16()):
            if everywhere:
                loss = model(input_ids=tokens, labels=tokens.masked_fill(~learnt, -100)).loss
            else:
                states = model.model(input_ids=tokens, use_cache=False).last_hidden_state
                logits = model.lm_head(states[learnt]).float()
                loss = functional.cross_entropy(logits, tokens[learnt])
        loss.backward()

    for everywhere in (False, True):
        name = "all tokens' logits" if everywhere else "the answers' alone"
        print(f"1,000 tokens, {name}: ", best(lambda e=everywhere: step(everywhere=e), 3))


def main() -> None:
    """Run the chosen part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--adapter", type=Path)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--part", choices=("all", "grammar", "network", "request", "training"), default="all")  # fmt: skip
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    started = time.perf_counter()
    folder = prepare_base_model(given.cache)
    native = "bfloat16" if has_fast_bfloat16() else "float32"
    print(
        f"threads {given.threads}, {native}; model ready in {time.perf_counter() - started:.1f} s"
    )
    parts: dict[str, Callable[[], None]] = {
        "grammar": lambda: grammar(folder),
        "network": lambda: network(folder),
        "request": lambda: request(folder, given.adapter, given.rounds),
        "training": lambda: training(folder),
    }
    for name, part in parts.items():
        if given.part in ("all", name):
            part()


if __name__ == "__main__":
    main()
