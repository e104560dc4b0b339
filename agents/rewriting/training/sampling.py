"""Drawing several completions of each prompt, the dearest part of GRPO on a CPU.

A prompt is read once and its keys and values are then shared by its completions; rows that have ended
leave the batch. transformers' own `generate` reads the prompt once for every completion, and goes on
with ended rows until the last one has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import Cache, PreTrainedModel

Done = Callable[[Sequence[int]], bool]
"""Whether these written tokens are a whole answer."""


def draw_completions(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    *,
    count: int,
    limit: int,
    temperature: float,
    filler: int,
    is_done: Done,
) -> list[list[int]]:
    """Completions of each prompt, drawn with torch's generator; those of one prompt stand together.

    Args:
        model: In evaluation mode, or without dropout.
        prompts: Token ids, none empty.
        count: Completions of each prompt.
        limit: Tokens of a completion at most.
        temperature: Larger than 0.
        filler: A token id to fill shorter prompts up with.
        is_done: Asked after each token; the last token is kept.

    Returns:
        len(prompts) · count lists of token ids.
    """
    from transformers import DynamicCache

    ids, mask = _padded_left(prompts, filler)
    ids, mask = ids.to(model.device), mask.to(model.device)
    cache = DynamicCache()
    written: list[list[int]] = [[] for _ in range(len(prompts) * count)]
    active = list(range(len(written)))
    with torch.inference_mode():
        logits = _read(model, ids, mask, cache).repeat_interleave(count, dim=0)
        cache.batch_repeat_interleave(count)
        mask = mask.repeat_interleave(count, dim=0)
        for step in range(limit):
            drawn = torch.multinomial(torch.softmax(logits / temperature, dim=-1), 1)[:, 0]
            stays = []
            for place, (row, token) in enumerate(zip(active, drawn.tolist(), strict=True)):
                written[row].append(token)
                if not is_done(written[row]):
                    stays.append(place)
            if not stays or step == limit - 1:
                break
            if len(stays) < len(active):
                kept = torch.tensor(stays, device=model.device)
                cache.batch_select_indices(kept)
                mask, drawn = mask[kept], drawn[kept]
                active = [active[place] for place in stays]
            mask = torch.cat([mask, mask.new_ones(len(active), 1)], dim=1)
            logits = _read(model, drawn[:, None], mask, cache)
    return written


def _padded_left(rows: Sequence[Sequence[int]], filler: int) -> tuple[Tensor, Tensor]:
    width = max(map(len, rows))
    ids = torch.tensor([[filler] * (width - len(row)) + [*row] for row in rows])
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
    return ids, mask


def _read(model: PreTrainedModel, ids: Tensor, mask: Tensor, cache: Cache) -> Tensor:
    """float32 (n, vocabulary): logits of what follows the last token of each row."""
    places = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, -ids.shape[1] :]
    said = model(
        input_ids=ids, attention_mask=mask, position_ids=places, past_key_values=cache,
        use_cache=True, logits_to_keep=1,
    )  # fmt: skip
    return said.logits[:, -1].float()
