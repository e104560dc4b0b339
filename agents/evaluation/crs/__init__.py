"""Real dialogues: for each turn of a human recommender, what would Rapport have recommended?"""

from .examples import CrsExample, ExampleSet, UnknownIds, check_ids, read_examples
from .folds import SHIPPED, Assignment, assign_folds, training_part
from .recommenders import (
    ContextScorer,
    CrsRecommender,
    FeatureIndex,
    ItemsOnly,
    KeywordScorer,
    MeteredRecommender,
    PopularityScorer,
    ScoredRecommender,
    SharedFeatureScorer,
)
from .report import CrsReport, LeakAudit, source_title
from .running import RowSource, score_all
from .scoring import ExampleScore, ranks_in, score_example
from .table import CUTS, MEASURES, POOLED, Table, TableRow, build_table

__all__ = [
    "CUTS",
    "MEASURES",
    "POOLED",
    "SHIPPED",
    "Assignment",
    "ContextScorer",
    "CrsExample",
    "CrsRecommender",
    "CrsReport",
    "ExampleScore",
    "ExampleSet",
    "FeatureIndex",
    "ItemsOnly",
    "KeywordScorer",
    "LeakAudit",
    "MeteredRecommender",
    "PopularityScorer",
    "RowSource",
    "ScoredRecommender",
    "SharedFeatureScorer",
    "Table",
    "TableRow",
    "UnknownIds",
    "assign_folds",
    "build_table",
    "check_ids",
    "ranks_in",
    "read_examples",
    "score_all",
    "score_example",
    "source_title",
    "training_part",
]
