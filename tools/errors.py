"""What can go wrong in a tool, by who can mend it: the model (`ToolRetry`), nobody (`ToolFailed`)."""

from __future__ import annotations


class ToolRetry(Exception):
    """The arguments were wrong in a way that the caller can mend; the text says how."""


class ToolFailed(Exception):
    """The tool cannot do this now; the text is final and fit to be read by a model."""
