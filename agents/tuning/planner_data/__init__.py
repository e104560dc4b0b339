"""Training data for the structured planner: messages in a context with the parse a model shall write.

Everything is made from our own phrase banks (`banks/*.toml`) and a list of titles that the caller gives.
"""

from .banks import Banks, load_banks
from .generator import Pair, PairMaker
from .titles import read_titles

__all__ = ["Banks", "Pair", "PairMaker", "load_banks", "read_titles"]
