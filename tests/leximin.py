"""Leximin from its definition, on cells: slow, plain and independent of the optimiser's own path."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linprog

from quotaopt.optimize.statement import Block
from quotaopt.problem import Floats, Problem


def cell_rows(problem: Problem, blocks: Sequence[Block]) -> tuple[Floats, Floats, Floats]:
    """Every rule row over the flattened cells, dense, with its limits."""
    n = problem.capacity.values.size
    parts, lower, upper = [], [], []
    for block in blocks:
        whole = np.zeros((block.expression.grouping.size, n))
        for term in block.expression.terms:
            group = np.arange(term.grouping.size, dtype=float)
            cell_of = np.broadcast_to(term.grouping.expand(group), problem.capacity.values.shape).reshape(-1)
            for row, (take, weight) in enumerate(zip(term.take, term.weight, strict=True)):
                whole[row, cell_of == take] += weight
        parts.append(whole[block.keep])
        lower.append(block.lower)
        upper.append(block.upper)
    return np.vstack(parts), np.concatenate(lower), np.concatenate(upper)


def leximin(problem: Problem, blocks: Sequence[Block], offset: Floats, scale: Floats) -> Floats | None:
    """Totals of reps whose levels ``(Q - offset) / scale`` are lexicographically smallest; None when nothing fits.

    Lower the highest level L of the reps still free. Then ask for each of them, by its own program, whether it can
    be below L while the others stay at or below L; whoever cannot is settled at L. Repeat until all are settled.
    """
    n_reps = problem.index.shape[0]
    mean = problem.target / problem.capacity.values.size
    rows, lower, upper = cell_rows(problem, blocks)
    cells = rows.shape[1]
    low, high = np.isfinite(lower), np.isfinite(upper)
    limits = np.vstack(
        [np.hstack([-rows[low], np.zeros((low.sum(), 1))]), np.hstack([rows[high], np.zeros((high.sum(), 1))])]
    )
    right = np.concatenate([-lower[low], upper[high]]) / mean
    total = np.kron(np.eye(n_reps), np.ones(cells // n_reps))
    bounds = [(0, None if open_ else 0) for open_ in problem.eligible.reshape(-1)] + [(None, None)]
    levels = np.full(n_reps, np.nan)

    def solve(cost: Floats, free: list[int], top: float | None) -> Floats | None:
        at_most, most = [], []
        for i in range(n_reps):  # total_i - scale_i * L <= offset_i, with L a column, or a number when settled
            row = np.append(total[i], -scale[i] / mean if i in free and top is None else 0.0)
            ceiling = 0.0 if i in free and top is None else scale[i] * (top if i in free else levels[i]) / mean
            at_most.append(row)
            most.append(offset[i] / mean + ceiling + (0.0 if i in free and top is None else 1e-9))
        found = linprog(
            cost, np.vstack([limits, at_most]), np.concatenate([right, most]), bounds=bounds, method="highs"
        )
        return found.x if found.status == 0 else None

    free = list(range(n_reps))
    while free:
        found = solve(np.append(np.zeros(cells), 1.0), free, None)
        if found is None:
            assert len(free) == n_reps, "the settled levels are feasible"
            return None
        top = float(found[-1])
        stuck = []
        for i in free:
            lowest = solve(np.append(total[i], 0.0), free, top + 1e-10)
            assert lowest is not None
            if (total[i] @ lowest[:-1] * mean - offset[i]) / scale[i] > top - 1e-6:
                stuck.append(i)
        assert stuck, "no rep holds the highest level"
        levels[stuck] = top
        free = [i for i in free if i not in stuck]
    return levels * scale + offset
