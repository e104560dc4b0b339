"""Drawing several completions of each prompt, the dearest part of GRPO on a CPU.

A prompt is read once, and its keys and values stand in memory once: the completions of a prompt are
branches of one row, and a mask lets each see the prompt and itself. With eight completions of a prompt
of 200 tokens attention reads a fifth of what it reads when every completion is a row of its own, as in
transformers' `generate`; and attention is what a small model on a CPU waits for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch

from ..generation import next_logits

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

_LIKELIEST = 64

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
    ended = [False] * len(written)
    active = list(range(len(prompts)))
    own = torch.eye(count, dtype=torch.bool, device=model.device)[None]
    with torch.inference_mode():
        logits = next_logits(model, ids, mask, cache)[:, None].expand(-1, count, -1)
        seen = mask.bool()[:, None].expand(-1, count, -1)
        places = mask.sum(dim=1, keepdim=True).expand(-1, count)
        for step in range(limit):
            drawn = _drawn(logits, temperature)
            for prompt, tokens in zip(active, drawn.tolist(), strict=True):
                for row, token in enumerate(tokens, prompt * count):
                    if not ended[row]:
                        written[row].append(token)
                        ended[row] = is_done(written[row])
            stays = [
                place
                for place, prompt in enumerate(active)
                if not all(ended[prompt * count : (prompt + 1) * count])
            ]
            if not stays or step == limit - 1:
                break
            if len(stays) < len(active):
                kept = torch.tensor(stays, device=model.device)
                cache.batch_select_indices(kept)
                seen, places, drawn = seen[kept], places[kept], drawn[kept]
                active = [active[place] for place in stays]
            seen = torch.cat([seen, own.expand(len(active), -1, -1)], dim=2)
            logits = model(
                input_ids=drawn, attention_mask=seen[:, None], position_ids=places,
                past_key_values=cache, use_cache=True,
            ).logits.float()  # fmt: skip
            places = places + 1
    return written


def _drawn(logits: Tensor, temperature: float) -> Tensor:
    """int64 (n, count): a token for each of (n, count, vocabulary), of the likeliest alone.

    What is left out has next to no weight, and drawing from the whole vocabulary takes a quarter of the time.
    """
    best = torch.topk(logits.flatten(0, 1), min(_LIKELIEST, logits.shape[-1]), dim=-1)
    places = torch.multinomial(torch.softmax(best.values / temperature, dim=-1), 1)
    return best.indices.gather(-1, places).view(logits.shape[:2])


def _padded_left(rows: Sequence[Sequence[int]], filler: int) -> tuple[Tensor, Tensor]:
    width = max(map(len, rows))
    ids = torch.tensor([[filler] * (width - len(row)) + [*row] for row in rows])
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
    return ids, mask
