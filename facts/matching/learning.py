"""Learning how much each word and letter run speaks for one entry, from its phrasings and from those of others.

A linear support vector machine with squared hinge loss (Keerthi and DeCoste 2005, "A modified finite Newton method
for fast solution of large scale linear SVMs", https://www.jmlr.org/papers/v6/keerthi05a.html), solved in its dual:
with fewer examples than features that is a small system of equations, and the same examples always give the same
weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import ThreadpoolController

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# How much a phrasing of others on the wrong side costs. An entry's own are fewer; each costs so many times half of that
# that all of them weigh the same in every entry, within these bounds.
_COST = 2.0
_LEAST_OWN_COST, _MOST_OWN_COST = 1.0, 20.0
# The set of examples that matter settles after four or five rounds.
_MOST_ROUNDS = 8
# Features of at most so many examples are multiplied pair by pair; found by measuring.
_MOST_PAIRED = 24
# Numbers that lie no farther apart are counted, others sorted; found by measuring.
_COUNTED = 1_000_000
# How far, on average, an example may stay from its solution, and the steps after which it is left so: 20 to 60 do.
_PRECISION, _MOST_STEPS = 1e-5, 500
# One thread: the systems are small, so that more of them wait for one another, on a busy machine for most of the time.
# And what is learnt does not depend on how many cores there are.
_LINEAR_ALGEBRA = ThreadpoolController()


@dataclass(frozen=True, slots=True)
class Vector:
    """A text as a sparse vector of length at most 1: features' numbers, ascending, and their weights."""

    ids: NDArray[np.int32]
    weights: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weights:
    """What one entry has learnt: a weight for each feature, ascending by number, and a bias."""

    ids: NDArray[np.int32]
    weights: NDArray[np.float32]
    bias: float

    def margin(self, vector: Vector) -> float:
        """Tell how far a text is on the entry's side: its phrasings are taught +1, those of others -1."""
        if not len(self.ids):
            return self.bias
        places = np.minimum(self.ids.searchsorted(vector.ids), len(self.ids) - 1)
        hits = self.ids[places] == vector.ids
        return float(self.weights[places[hits]] @ vector.weights[hits]) + self.bias


def learn(own: Sequence[Vector], others: Sequence[Vector]) -> Weights:
    """Learn what parts an entry's own phrasings from others.

    Args:
        own: the phrasings of the entry, at least one.
        others: phrasings of other entries; may be none.
    """
    vectors = [*own, *others]
    ids = np.concatenate([vector.ids for vector in vectors])
    values = np.concatenate([vector.weights for vector in vectors])
    rows = np.repeat(np.arange(len(vectors)), [len(vector.ids) for vector in vectors])
    features, columns = _columns(ids)
    target = np.where(np.arange(len(vectors)) < len(own), 1.0, -1.0)
    own_cost = min(max(len(others) / len(own), _LEAST_OWN_COST), _MOST_OWN_COST)
    slack = np.where(target > 0, 1 / own_cost, 1 / _COST)
    with _LINEAR_ALGEBRA.limit(limits=1, user_api="blas"):
        alphas = _solve(_kernel(rows, columns, values, len(vectors)), target, slack)
    weights = np.bincount(columns, alphas[rows] * values).astype(np.float32)
    telling = np.abs(weights) >= 0.05 * np.abs(weights).max()
    return Weights(features[telling].astype(np.int32), weights[telling], float(alphas.sum()))


def _columns(ids: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the features in use, ascending, and for each number its place among them."""
    least = int(ids.min(initial=0))
    if int(ids.max(initial=0)) - least > _COUNTED:
        features, places = np.unique(ids, return_inverse=True)
        return features.astype(np.int64), places
    # Counting is several times faster than sorting.
    numbers = np.bincount(ids - least)
    return np.flatnonzero(numbers) + least, (np.cumsum(numbers > 0) - 1)[ids - least]


def _kernel(
    rows: NDArray[np.int64], columns: NDArray[np.int64], values: NDArray[np.float32], size: int
) -> NDArray[np.float64]:
    """Give how alike every two examples are: the products of their vectors, and 1, which makes room for the bias.

    The few features that many examples have are multiplied as a matrix; for each other one, every two of the examples
    that have it. That is several times faster than one matrix, which would be nearly empty.
    """
    numbers = np.bincount(columns)
    often = (numbers > _MOST_PAIRED)[columns]
    places = (np.cumsum(numbers > _MOST_PAIRED) - 1)[columns]
    matrix = np.zeros((size, int(places.max(initial=-1)) + 1), dtype=np.float32)
    matrix[rows[often], places[often]] = values[often]
    rows, columns, values = rows[~often], columns[~often], values[~often].astype(np.float64)
    order = np.argsort(columns, kind="stable")
    numbers = numbers[columns[order]]
    pairs, products = [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
    for number in range(2, _MOST_PAIRED + 1):
        alike = order[numbers == number].reshape(-1, number)
        one, other = (alike[:, places].ravel() for places in np.triu_indices(number, 1))
        pairs.append(rows[one] * size + rows[other])
        products.append(values[one] * values[other])
    paired = np.bincount(np.concatenate(pairs), np.concatenate(products), size * size).reshape(size, size)
    kernel = paired + paired.T + (matrix @ matrix.T) + 1.0
    kernel[np.diag_indices(size)] += np.bincount(rows, values**2, size)
    return kernel


def _solve(kernel: NDArray[np.float64], target: NDArray[np.float64], slack: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve for the examples inside the margin, and look again which ones these are, until nothing changes.

    Each round goes on from the one before, by conjugate gradients, as in the paper.
    """
    inside = np.ones(len(target), dtype=bool)
    alphas = np.zeros(len(target))
    for _ in range(_MOST_ROUNDS):
        alphas = _solve_inside(kernel, target, slack, inside, alphas)
        now = target * (kernel @ alphas) < 1.0
        if np.array_equal(now, inside):
            break
        inside = now
    return alphas


def _solve_inside(
    kernel: NDArray[np.float64],
    target: NDArray[np.float64],
    slack: NDArray[np.float64],
    inside: NDArray[np.bool_],
    start: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Solve ``(kernel + slack) alphas = target`` for the examples inside; the others' alphas are zero.

    The method is that of conjugate gradients (Hestenes and Stiefel 1952, https://doi.org/10.6028/jres.049.044).
    """
    alphas = np.where(inside, start, 0.0)
    left = np.where(inside, target - kernel @ alphas - slack * alphas, 0.0)
    direction, error = left, float(left @ left)
    for _ in range(_MOST_STEPS):
        if error <= _PRECISION**2 * len(target):
            break
        pulled = np.where(inside, kernel @ direction + slack * direction, 0.0)
        step = error / float(direction @ pulled)
        alphas = alphas + step * direction
        left = left - step * pulled
        before, error = error, float(left @ left)
        direction = left + error / before * direction
    return alphas
