"""What can go wrong in a tool, by who can mend it: the model (`ToolRetry`), nobody (`ToolFailed`)."""

from __future__ import annotations


class ToolRetry(Exception):  # noqa: N818 (it is an order, not an error)
    """The arguments were wrong in a way that the caller can mend; the text says how."""


class ToolFailed(Exception):  # noqa: N818
    """The tool cannot do this now; the text is final and fit to be read by a model."""
