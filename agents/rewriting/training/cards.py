"""The model card of a tuned rewriter."""

from __future__ import annotations

from .recipes import RewriterRecipe

_CARD = """# Adapter of Rapport's rewriter ({stage})

LoRA (rank {rank}, layers {first} and up) for {base}. It reads the last wishes of a conversation, the films named in
it and ten films that other people's dialogues suggest (`companions.json`, counts over the training dialogues), and
writes the titles that fit; what the search looks for is these and the words of a rule (titles, genres, people, tags
and years of the films named).

* **Trained on** {tasks:,} recommendations in dialogues: {data}
* **How** Fine-tuning, {steps} steps of {batch} demonstrations found by search (of {tries} choices of
  {titles} among the ten the best by NDCG@1000 where it is clearly better, else one drawn near the likeliest; the
  task's own dialogue left out of the counts){grpo}.
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
        f"  completions each, reward {reward} credited by {part.credit}, learning rate {part.learning_rate:g}"
        if grpo_steps
        else ""
    )
    return _CARD.format(
        stage=stage, rank=recipe.shape.rank, first=recipe.shape.first_layer, base=base, tasks=tasks,
        data=data or "see `training_groups.txt`.", steps=steps, batch=recipe.sft.batch_size,
        tries=recipe.sft.tries, titles=recipe.sft.titles, grpo=grpo,
    )  # fmt: skip
