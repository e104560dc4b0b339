"""Reading a request in words, without a model: text and state in, a `Reading` out."""

from .reader import Reader
from .reading import Act, Mention, PreferenceDraft, Reading

__all__ = ["Act", "Mention", "PreferenceDraft", "Reader", "Reading"]
