from __future__ import annotations

from collections.abc import Sequence

import pytest
from langchain_core.messages import BaseMessage, HumanMessage

from agents.rewriting.generation import BatchWriter, Tokens

VOCABULARY = 40
END = 39


@pytest.fixture(scope="module")
def writer() -> BatchWriter:
    """A tiny random Llama that reads and writes letters."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=16, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=1, tie_word_embeddings=False,
        initializer_range=0.7,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = LlamaForCausalLM(config).eval()

    def ids(text: str) -> list[int]:
        return [ord(sign) % (VOCABULARY - 1) for sign in text]

    def prompt(messages: Sequence[BaseMessage]) -> list[int]:
        return ids(messages[0].text)

    def text(tokens: Sequence[int]) -> str:
        return "".join(chr(token + 97) for token in tokens)

    return BatchWriter(
        model, Tokens(prompt=prompt, plain=ids, text=text, end=END), name="tiny", batch=3
    )


def test_a_batch_writes_what_each_prompt_gets_alone(writer: BatchWriter) -> None:
    prompts = [[HumanMessage("word " * length)] for length in (7, 1, 4, 2, 3)]

    together = writer.write(prompts, prefill="{", limit=6)
    alone = tuple(writer.write([one], prefill="{", limit=6)[0] for one in prompts)

    assert together == alone
    assert len(set(together)) > 1
    assert all(len(text) <= 6 for text in together)


def test_rows_that_are_done_leave_and_the_others_go_on(writer: BatchWriter) -> None:
    prompts = [[HumanMessage("word " * length)] for length in (2, 5, 9)]
    plain = writer.write(prompts, prefill="{", limit=8)
    first = plain[0][1]

    # Whatever the first prompt writes second now is a quotation mark.
    tokens = writer._tokens
    closing = Tokens(
        prompt=tokens.prompt, plain=tokens.plain, end=END,
        text=lambda ids: tokens.text(ids).replace(first, '"'),
    )  # fmt: skip
    stopped = BatchWriter(writer._model, closing, name="tiny").write(prompts, prefill="{", limit=8)

    for text, whole in zip(stopped, plain, strict=True):
        assert text == (whole.partition(first)[0] + '"}' if first in whole else whole)
