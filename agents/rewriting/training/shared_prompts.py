"""Log-probabilities of completions whose prompts are read once, not once for each completion.

TRL's trainer feeds prompt and completion of every row through the model; eight completions of one
prompt cost eight prompts. Here keys and values of each distinct prompt are computed once, with their
gradients, and shared by its completions: of a step of 8 prompts of 200 tokens with 8 completions of 25
that leaves 3,200 of 14,400 tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

_TOKENS_AT_ONCE = 512  # of the output layer: 100 MB of float32 for 49,152 words


def completion_log_probabilities(
    model: PreTrainedModel,
    input_ids: Tensor,
    attention_mask: Tensor,
    *,
    written: int,
    temperature: float,
) -> tuple[Tensor, Tensor]:
    """(log-probabilities, entropies), float32 (n, written) each, in nats; 0 where the mask is 0.

    Args:
        model: A causal model.
        input_ids: (n, prompt + written): prompts filled up on the left, completions on the right.
        attention_mask: The same shape, 0 for fillers.
        written: Tokens of a completion, fillers included.
        temperature: Logits are divided by it.
    """  # fmt: skip
    from transformers import DynamicCache

    decoder, output_layer = cast("Any", model).get_decoder(), model.get_output_embeddings()
    prompts, answers = input_ids[:, :-written], input_ids[:, -written:]
    distinct, place = torch.unique(prompts, dim=0, return_inverse=True)
    first = torch.stack([(place == one).nonzero()[0, 0] for one in range(len(distinct))])
    cache = DynamicCache()
    prompt_mask = attention_mask[first, :-written]
    begun = decoder(
        input_ids=distinct, attention_mask=prompt_mask, position_ids=_places(prompt_mask),
        past_key_values=cache, use_cache=True,
    ).last_hidden_state[:, -1:]  # fmt: skip
    cache.batch_select_indices(place)
    states = decoder(
        input_ids=answers[:, :-1], attention_mask=attention_mask[:, :-1],
        position_ids=_places(attention_mask)[:, -written:-1], past_key_values=cache, use_cache=True,
    ).last_hidden_state  # fmt: skip
    states = torch.cat([begun[place], states], dim=1)
    counts = attention_mask[:, -written:].bool()
    found = states.new_zeros((2, *answers.shape), dtype=torch.float32)
    found[:, counts] = torch.cat(
        [
            _scored(output_layer, some, ids, temperature)
            for some, ids in zip(
                states[counts].split(_TOKENS_AT_ONCE),
                answers[counts].split(_TOKENS_AT_ONCE),
                strict=True,
            )
        ],
        dim=1,
    )
    return found[0], found[1].detach()


def _scored(output_layer: Any, states: Tensor, ids: Tensor, temperature: float) -> Tensor:  # noqa: ANN401  # any module
    """(2, n): log-probability of each id, and the entropy."""
    logs = torch.log_softmax(output_layer(states).float() / temperature, dim=-1)
    with torch.no_grad():
        entropies = -(logs.exp() * logs).sum(dim=-1)
    return torch.stack([logs.gather(-1, ids[:, None])[:, 0], entropies])


def _places(mask: Tensor) -> Tensor:
    return (mask.cumsum(dim=1) - 1).clamp(min=0)
