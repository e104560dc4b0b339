"""Two small fits with closed likelihoods: a logistic on bent features, and an ordered logit that can be
told "at most three".

Apart from the models of people because both are plain statistics, checked by hand in tests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize
from scipy.special import expit

STARS = 5
"""Ratings run from 1 to this."""

_KNOTS = (0.15, 0.35, 0.55, 0.75, 0.92)
_TINY = 1e-12


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """Brings columns to mean 0 and spread 1; a column that never moves stays 0."""

    mean: np.ndarray
    spread: np.ndarray

    @classmethod
    def fit(cls, features: np.ndarray) -> Scaling:
        """From (n, n_columns)."""
        spread = features.std(axis=0)
        return cls(mean=features.mean(axis=0), spread=np.where(spread > 1e-9, spread, np.inf))

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """(n, n_columns), scaled."""
        return (features - self.mean) / self.spread


@dataclass(frozen=True, kw_only=True)
class BentLogistic:
    """P(yes) = σ(w · bends(x)): every feature enters as itself and as max(0, x - knot) at five of its
    own quantiles, so that no effect must be straight.

    Attributes:
        scaling: Of the features.
        knots: (n_features, 5), in scaled units.
        weights: (1 + 6 · n_features,): constant, then per feature the line and its bends.
    """

    scaling: Scaling
    knots: np.ndarray
    weights: np.ndarray

    @classmethod
    def fit(cls, features: np.ndarray, answers: np.ndarray, *, ridge: float = 1.0) -> BentLogistic:
        """Newton's method on the penalised likelihood; nothing random.

        Args:
            features: (n, n_features).
            answers: (n,) of 0 and 1.
            ridge: Penalty on all weights but the constant.
        """
        scaling = Scaling.fit(features)
        knots = np.quantile(scaling(features), _KNOTS, axis=0).T
        model = cls(scaling=scaling, knots=knots, weights=np.zeros(1 + 6 * features.shape[1]))
        bends = model._bends(features)
        penalty = np.full(bends.shape[1], ridge)
        penalty[0] = 1e-6
        weights = model.weights
        for _ in range(25):
            chance = expit(bends @ weights)
            slope = bends.T @ (answers - chance) - penalty * weights
            curve = (bends * (chance * (1 - chance))[:, None]).T @ bends + np.diag(penalty)
            step = np.linalg.solve(curve, slope)
            weights = weights + step
            if np.abs(step).max() < 1e-6:
                break
        return cls(scaling=scaling, knots=knots, weights=weights)

    def logits(self, features: np.ndarray) -> np.ndarray:
        """(n,) for (n, n_features); one feature after the other, for the bends of millions are large."""
        n_features, n_knots = self.knots.shape
        found = np.full(len(features), self.weights[0])
        for column in range(n_features):
            scaled = features[:, column] - self.scaling.mean[column]
            scaled = np.clip(scaled / self.scaling.spread[column], -8, 8)
            found += self.weights[1 + column] * scaled
            first = 1 + n_features + n_knots * column
            for knot, weight in zip(
                self.knots[column], self.weights[first : first + n_knots], strict=True
            ):
                found += weight * np.maximum(scaled - knot, 0.0)
        return found

    def _bends(self, features: np.ndarray) -> np.ndarray:
        scaled = np.clip(self.scaling(features), -8, 8)
        bent = np.maximum(scaled[:, :, None] - self.knots[None], 0.0).reshape(len(scaled), -1)
        return np.concatenate([np.ones((len(scaled), 1)), scaled, bent], axis=1)


@dataclass(frozen=True, kw_only=True)
class OrderedLogit:
    """P(rating ≤ k) = σ(t_k - w · x), t_1 < … < t_4.

    McCullagh, "Regression models for ordinal data" (1980), equation 2.4 with the logit link. We add that
    a rating may be known only to be at most some k.

    Attributes:
        scaling: Of the features.
        cuts: (4,) the t_k.
        weights: (n_features,).
    """

    scaling: Scaling
    cuts: np.ndarray
    weights: np.ndarray

    @classmethod
    def fit(
        cls, features: np.ndarray, low: np.ndarray, high: np.ndarray, *, ridge: float = 1e-4
    ) -> OrderedLogit:
        """Maximum likelihood with a small penalty.

        Args:
            features: (n, n_features).
            low: (n,) whole numbers: the rating is known to be at least this.
            high: (n,) whole numbers: and at most this; each 1..5.
            ridge: Penalty on the weights per observation.
        """
        scaling = Scaling.fit(features)
        scaled = scaling(features)
        start = np.concatenate([_first_cuts(), np.zeros(features.shape[1])])
        found = optimize.minimize(
            _ordered_loss,
            start,
            args=(scaled, low, high, ridge),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 300},
        )
        cuts, weights = _cuts_of(found.x[: STARS - 1]), found.x[STARS - 1 :]
        return cls(scaling=scaling, cuts=cuts, weights=weights)

    def scores(self, features: np.ndarray) -> np.ndarray:
        """Per row w · x, (n,): the one number that orders expected ratings."""
        return self.scaling(features) @ self.weights


def rating_chances(scores: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """P(rating = 1..5) of an ordered logit: (..., 5) for scores (...)."""
    up_to = expit(cuts - scores[..., None])
    edges = [np.zeros_like(up_to[..., :1]), up_to, np.ones_like(up_to[..., :1])]
    return np.diff(np.concatenate(edges, axis=-1), axis=-1)


def expected_rating(scores: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Mean rating for scores (...)."""
    return rating_chances(scores, cuts) @ np.arange(1, STARS + 1)


def _first_cuts() -> np.ndarray:
    """Start where every rating is equally likely, in the free form of the cuts."""
    even = np.log(np.arange(1, STARS) / (STARS - np.arange(1, STARS)))
    return np.concatenate([even[:1], np.log(np.diff(even))])


def _cuts_of(free: np.ndarray) -> np.ndarray:
    return np.cumsum(np.concatenate([free[:1], np.exp(free[1:])]))


def _ordered_loss(
    point: np.ndarray, scaled: np.ndarray, low: np.ndarray, high: np.ndarray, ridge: float
) -> tuple[float, np.ndarray]:
    """Mean negative log-likelihood and its gradient in (free cuts, weights)."""
    n_cuts, n = STARS - 1, len(scaled)
    cuts, weights = _cuts_of(point[:n_cuts]), point[n_cuts:]
    up_to = expit(cuts - (scaled @ weights)[:, None])
    edges = np.concatenate([np.zeros((n, 1)), up_to, np.ones((n, 1))], axis=1)
    each = np.arange(n)
    chance = edges[each, high] - edges[each, low - 1] + _TINY
    steep = edges * (1 - edges)
    by_score = -(steep[each, high] - steep[each, low - 1]) / chance
    by_cut = np.array(
        [
            (steep[:, k] * ((high == k).astype(float) - (low - 1 == k)) / chance).sum()
            for k in range(1, STARS)
        ]
    )
    tails = np.cumsum(by_cut[::-1])[::-1]
    by_free = tails * np.concatenate([[1.0], np.exp(point[1:n_cuts])])
    loss = -np.log(chance).sum() / n + ridge * float(weights @ weights)
    slope = -np.concatenate([by_free, scaled.T @ by_score]) / n
    slope[n_cuts:] += 2 * ridge * weights
    return float(loss), slope
