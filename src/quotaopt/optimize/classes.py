"""Classes of reps that a program need not tell apart: its size then follows the rules, not the number of reps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quotaopt.optimize.statement import Block
from quotaopt.problem import Bools, Ints, Problem


def find_classes(problem: Problem, blocks: Sequence[Block], apart: Bools) -> Ints:
    """Classes of reps that every row over several reps treats alike.

    Parameters
    ----------
    apart : a property of the reps that a class must share, shape (R,).
    """
    n_reps = problem.index.shape[0]
    single = np.full(n_reps, -1)
    marks = [apart.astype(np.int64), problem.eligible.any(axis=(1, 2)).astype(np.int64)]
    for block in blocks:
        groupings = [t.grouping for t in block.expression.terms]
        marks += [g.codes[0] for g in groupings if g.used[0] and not g.own[0]]
        reps = _told_apart(block, n_reps)
        single[reps] = reps
    _, first, classes = np.unique(np.stack([*marks, single], axis=1), axis=0, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first, kind="stable"), kind="stable")  # classes in the order of their first rep
    return np.asarray(order[classes.reshape(-1)], dtype=np.int64)


def _told_apart(block: Block, n_reps: int) -> Ints:
    """Reps whose rows of this block cannot be added up with those of others.

    Rows over a rep's own total and others' (a band around the group), and rows that weigh reps differently.
    """
    expression = block.expression
    if expression.plain or not expression.grouping.own[0]:
        return np.zeros(0, dtype=np.int64)
    alike = all((w == w[0]).all() for t in expression.terms for w in [t.weight.reshape(n_reps, -1)])
    if alike and any(expression.grouping.used[1:]):
        return np.zeros(0, dtype=np.int64)
    return np.unique(block.keep // (expression.grouping.size // n_reps))
