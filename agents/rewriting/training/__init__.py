"""Training the rewriter: demonstrations found by search, supervised fine-tuning on them, then GRPO.

Apart from the rewriter itself because nothing here is needed to use it, and all of it needs torch.
"""
