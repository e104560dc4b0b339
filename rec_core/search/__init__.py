"""Search: vectors, keywords, and names found in somebody's words."""

from .chroma_index import ChromaIndex
from .encoder import HashEncoder, MiniLMEncoder, TextEncoder
from .engine import SearchEngine
from .exact_index import ExactIndex
from .faiss_index import FaissConfig, FaissIndex
from .vector_index import VectorHit, VectorIndex

__all__ = [
    "ChromaIndex",
    "ExactIndex",
    "FaissConfig",
    "FaissIndex",
    "HashEncoder",
    "MiniLMEncoder",
    "SearchEngine",
    "TextEncoder",
    "VectorHit",
    "VectorIndex",
]
