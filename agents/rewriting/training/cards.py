"""The model card of a tuned rewriter."""

from __future__ import annotations

from .recipes import RewriterRecipe

_CARD = """# Adapter of Rapport's rewriter ({stage})

LoRA (rank {rank}, layers {first} and up) for {base}. It reads the last wishes of a conversation and the films
named in it, and writes titles of films that people recommend after such talk; what the search looks for is these
and the words of a rule (titles, genres, people, tags and years of the films named).

* **Trained on** {tasks:,} recommendations in dialogues: {data}
* **How** Fine-tuning, {steps} steps of {batch} demonstrations found by search (best of {tries} by NDCG@1000, the
  task's own dialogue left out of what is proposed){grpo}.
* **Left out of it** a fifth of the dialogues; `training_groups.txt` holds hashes of what was seen, so that
  `rapport eval rewriter` can leave that out elsewhere too.
* **Cannot** know films of after 2018, other languages than English, or other things than films. It leans to
  films that were popular when the dialogues were written.
* **Licence** Apache-2.0, as Rapport; the dialogues' own terms ask for their names to be given.
"""


def adapter_card(
    recipe: RewriterRecipe, base: str, *, stage: str, tasks: int, steps: int, grpo_steps: int,
    data: str, reward: str = "ndcg",
) -> str:  # fmt: skip
    """The text of README.md.

    Args:
        recipe: How it was trained.
        base: Name of the model.
        stage: "sft" or "grpo".
        tasks: How many it was trained on.
        steps: Of fine-tuning.
        grpo_steps: Of GRPO.
        data: What the tasks come from and on which terms.
        reward: Of GRPO; a control is named as one.
    """
    part = recipe.grpo
    grpo = (
        f"; then GRPO, {grpo_steps} steps of {part.prompts} prompts with {part.completions}\n"
        f"  completions each, reward {reward}, learning rate {part.learning_rate:g}"
        if grpo_steps
        else ""
    )
    return _CARD.format(
        stage=stage, rank=recipe.shape.rank, first=recipe.shape.first_layer, base=base, tasks=tasks,
        data=data or "see `training_groups.txt`.", steps=steps, batch=recipe.sft.batch_size,
        tries=recipe.sft.tries, grpo=grpo,
    )  # fmt: skip
