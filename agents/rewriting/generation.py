"""Many rewrites at once: greedy decoding in batches, for evaluations and for trainings' looks ahead.

The chat writes one rewrite at a time through the embedded model's own network; that one reads a
prompt fastest. Here one pass over the weights serves dozens of prompts, and rows that are done leave.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rec_core import SettingsError, has_fast_bfloat16, no_progress

from ..llm.embedded.base_model import NAME, prepare_base_model

if TYPE_CHECKING:
    import torch
    from langchain_core.messages import BaseMessage
    from transformers import Cache, PreTrainedModel

    from rec_core import Progress

_BATCH = 32
_CLOSING = '"}'
_QUOTE = re.compile(r'(?<!\\)"')


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """How a model reads and writes text.

    Attributes:
        prompt: Messages → ids up to where the answer begins.
        plain: Text → ids, nothing added.
        text: Ids → text.
        end: What the model writes after an answer.
    """

    prompt: Callable[[Sequence[BaseMessage]], list[int]]
    plain: Callable[[str], list[int]]
    text: Callable[[Sequence[int]], str]
    end: int


def next_logits(
    model: PreTrainedModel, ids: torch.Tensor, mask: torch.Tensor, cache: Cache
) -> torch.Tensor:
    """float32 (n, vocabulary): logits of what follows the last token of each row.

    The last states are laid out anew before the output layer: given a slice of a batch, torch copies
    that layer's weights once for every row, which took longer than reading 12 prompts.

    Args:
        model: A causal model.
        ids: (n, width) tokens that the cache does not hold yet.
        mask: (n, all tokens so far), 0 for fillers on the left.
        cache: Grows by `width`.
    """
    parts: Any = model
    places = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, -ids.shape[1] :]
    states = parts.get_decoder()(
        input_ids=ids.to(model.device), attention_mask=mask.to(model.device),
        position_ids=places.to(model.device), past_key_values=cache, use_cache=True,
    ).last_hidden_state  # fmt: skip
    return parts.get_output_embeddings()(states[:, -1].contiguous()).float()


class BatchWriter:
    """Writes on from many prompts with a causal model of transformers.

    Args:
        model: In evaluation mode.
        tokens: Its tokenizer.
        name: For results.
        batch: Prompts that go through the model together.
    """

    def __init__(
        self, model: PreTrainedModel, tokens: Tokens, *, name: str, batch: int = _BATCH
    ) -> None:
        self.name = name
        self._model = model
        self._tokens = tokens
        self._batch = batch

    def write(
        self,
        prompts: Sequence[Sequence[BaseMessage]],
        *,
        prefill: str,
        limit: int,
        progress: Progress = no_progress,
    ) -> tuple[str, ...]:
        """What the model says after `prefill`, greedily: a JSON string that ends an object.

        It ends with its first quotation mark, which closes the object too: the grammar of the chat
        allows nothing else there. Without one it ends with the model's end token or at the limit.

        Args:
            prompts: Messages of each.
            prefill: Put at the beginning of every answer; not part of what is returned.
            limit: Tokens.
            progress: Told after each batch, stage "rewriting".
        """
        begin = self._tokens.plain(prefill)
        rows = [[*self._tokens.prompt(prompt), *begin] for prompt in prompts]
        order = sorted(range(len(rows)), key=lambda place: len(rows[place]))  # little is padded
        texts = [""] * len(rows)
        for start in range(0, len(order), self._batch):
            some = order[start : start + self._batch]
            written = self._write([rows[place] for place in some], limit)
            for place, text in zip(some, written, strict=True):
                texts[place] = text
            progress("rewriting", min(start + self._batch, len(order)), len(order))
        return tuple(texts)

    def _write(self, rows: Sequence[Sequence[int]], limit: int) -> list[str]:
        import torch
        from transformers import DynamicCache

        width = max(map(len, rows))
        ids = torch.tensor([[self._tokens.end] * (width - len(row)) + [*row] for row in rows])
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
        cache = DynamicCache()
        written: list[list[int]] = [[] for _ in rows]
        active = list(range(len(rows)))
        with torch.inference_mode():
            for _ in range(limit):
                chosen = next_logits(self._model, ids, mask, cache).argmax(dim=-1).tolist()
                stays = []
                for place, row in enumerate(active):
                    written[row].append(chosen[place])
                    if not self._is_done(written[row]):
                        stays.append(place)
                if not stays:
                    break
                if len(stays) < len(active):
                    cache.batch_select_indices(torch.tensor(stays))
                    mask = mask[stays]
                active = [active[place] for place in stays]
                ids = torch.tensor([[chosen[place]] for place in stays])
                mask = torch.cat([mask, mask.new_ones(len(stays), 1)], dim=1)
        return [self._text(row) for row in written]

    def _is_done(self, written: Sequence[int]) -> bool:
        if written[-1] == self._tokens.end:
            return True
        # The token before may hold the backslash of an escaped mark.
        has_mark = '"' in self._tokens.text(written[-1:])
        return has_mark and bool(_QUOTE.search(self._tokens.text(written[-2:])))

    def _text(self, written: list[int]) -> str:
        kept = written[:-1] if written and written[-1] == self._tokens.end else written
        text = self._tokens.text(kept)
        mark = _QUOTE.search(text)
        return text if mark is None else text[: mark.start()] + _CLOSING


def embedded_writer(
    cache_folder: Path, *, adapter: Path | None = None, batch: int = _BATCH
) -> BatchWriter:
    """The embedded model as a writer, with an adapter merged into it or not.

    Args:
        cache_folder: Where `prepare_base_model` unpacks the model.
        adapter: Folder of a LoRA adapter in peft's layout.
        batch: As for the writer.

    Raises:
        EmbeddedModelMissing: The package with the model is not installed.
        ArtifactError: A file is damaged or does not fit.
    """
    import torch
    from safetensors.torch import load_file
    from transformers import LlamaConfig, LlamaForCausalLM

    from ..llm.embedded.base_model import read_config
    from ..llm.embedded.weights import merge_adapter

    folder = prepare_base_model(cache_folder)
    tensors = load_file(folder / "model.safetensors")
    if adapter is not None:
        merge_adapter(tensors, adapter)
    dtype = torch.bfloat16 if has_fast_bfloat16() else torch.float32
    model = LlamaForCausalLM(LlamaConfig(**read_config(folder)))
    model.load_state_dict(tensors, strict=False)  # the output layer is tied to the embeddings
    model.tie_weights()
    name = NAME if adapter is None else f"{NAME}+{adapter.name}"
    return BatchWriter(_cast(model, dtype).eval(), embedded_tokens(folder), name=name, batch=batch)


def embedded_tokens(folder: Path) -> Tokens:
    """The embedded model's tokenizer. Raises ArtifactError when it cannot be read."""
    from ..llm.embedded.chat_text import ChatTokens

    chat = ChatTokens(folder / "tokenizer.json")
    return Tokens(
        prompt=chat.prompt, plain=lambda text: chat.answer(text)[:-1], text=chat.text, end=chat.end
    )


def transformers_writer(folder: str, *, device: str = "cpu", batch: int = _BATCH) -> BatchWriter:
    """Any causal model that transformers can load, with its own chat template.

    Args:
        folder: Local folder of the model.
        device: A torch device.
        batch: As for the writer.

    Raises:
        SettingsError: It cannot be loaded, or has no chat template.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, dtype=torch.bfloat16
        )
    except (OSError, ValueError) as fault:
        raise SettingsError(
            f"The model in {folder!r} cannot be loaded: {fault}.",
            "Give a folder with a causal model of transformers.",
        ) from fault
    if tokenizer.chat_template is None:
        raise SettingsError(
            f"The model in {folder!r} has no chat template.", "Give an instruction-tuned model."
        )
    roles = {"human": "user", "ai": "assistant", "system": "system"}

    def prompt(messages: Sequence[BaseMessage]) -> list[int]:
        chat = [{"role": roles[one.type], "content": one.text} for one in messages]
        text = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
        return tokenizer.encode(text, add_special_tokens=False)

    tokens = Tokens(
        prompt=prompt,
        plain=lambda text: tokenizer.encode(text, add_special_tokens=False),
        text=lambda ids: tokenizer.decode(list(ids)),
        end=tokenizer.eos_token_id,
    )
    return BatchWriter(_cast(model, device).eval(), tokens, name=Path(folder).name, batch=batch)


def _cast(model: PreTrainedModel, to: torch.dtype | str) -> PreTrainedModel:
    """The model on a device or in a number type; its own method's types say otherwise."""
    return model.to(to)  # pyright: ignore[reportArgumentType]
