"""Which rows can only hold at their limit, and which cells can only be zero, once the totals of reps are given.

At such a place the factors of the spread would grow without end. One linear program finds them all: the largest
number of limits that can be kept strictly at once (Freund, Roundy & Todd, Identifying the set of always-active
constraints in a system of linear inequalities by a single linear program, 1985), homogenised by a scale ``a >= 1`` so
that any strict slack can be stretched to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from quotaopt.optimize.build import build
from quotaopt.optimize.linear import LinearProgram
from quotaopt.optimize.program import Program
from quotaopt.optimize.rows import totals_of
from quotaopt.optimize.solvers import solve
from quotaopt.optimize.spread import Family
from quotaopt.optimize.statement import Block, RuleUse
from quotaopt.problem import Bools, Ints, Problem


@dataclass(frozen=True, eq=False)
class Face:
    """Intervals whose always-active limits are equations, and the cells (R × P × T) that may be positive."""

    intervals: list[Family]
    open: Bools


def find_face(problem: Problem, intervals: Sequence[Family], rep_totals: Ints) -> Face | None:
    """The smallest face that holds every table with these totals of reps; None when there is no such table."""
    total = totals_of(problem)
    blocks = []
    for family in intervals:
        keep = np.flatnonzero(np.isfinite(family.lower) | np.isfinite(family.upper))
        use = RuleUse(" ".join(family.grouping.by))
        blocks.append(Block(use, total(*family.grouping.by), keep, family.lower[keep], family.upper[keep]))
    program = build(problem, blocks)
    program = program.fix(program.reps, rep_totals / program.scale)
    tight = _always_active(program)
    if tight is None:
        return None
    row_low, row_high, low, high = tight
    count = sum(b.size for b in blocks)
    at_low = _rule_rows(count, (row_low, program.row_origin), (low, program.lower_origin))
    at_high = _rule_rows(count, (row_high, program.row_origin), (high, program.upper_origin))
    cuts = np.cumsum([b.size for b in blocks])[:-1]
    made = []
    for family, block, down, up in zip(intervals, blocks, np.split(at_low, cuts), np.split(at_high, cuts), strict=True):
        lower, upper = family.lower.copy(), family.upper.copy()
        lower[block.keep[up]], upper[block.keep[down]] = family.upper[block.keep[up]], family.lower[block.keep[down]]
        made.append(replace(family, lower=lower, upper=upper))
    return Face(made, _open_cells(program, problem, low & (program.lower == 0)))


def _rule_rows(count: int, *found: tuple[Bools, Ints]) -> Bools:
    """Flags of program rows or bounds, carried to the rule rows they come from."""
    out = np.zeros(count, dtype=bool)
    for flags, origin in found:
        out[origin[flags & (origin >= 0)]] = True
    return out


def _always_active(program: Program) -> tuple[Bools, Bools, Bools, Bools] | None:
    """For rows and columns, whether the lower and the upper limit is met with equality in every table."""
    m = program.matrix.shape[1]
    both = sp.csr_array(sp.vstack([program.matrix, sp.eye_array(m, format="csr")]))
    lower = np.concatenate([program.row_lower, program.lower])
    upper = np.concatenate([program.row_upper, program.upper])
    equal = lower == upper
    parts, lows, highs = [(both[equal], lower[equal], 0.0)], [np.zeros(equal.sum())], [np.zeros(equal.sum())]
    at = [np.flatnonzero(np.isfinite(limit) & ~equal) for limit in (lower, upper)]
    for rows, limit, sign in ((at[0], lower, -1.0), (at[1], upper, 1.0)):
        parts.append((both[rows], limit[rows], sign))
        lows.append(np.full(rows.size, 0.0 if sign < 0 else -np.inf))
        highs.append(np.full(rows.size, np.inf if sign < 0 else 0.0))
    n = at[0].size + at[1].size
    slack = sp.block_diag([sp.csr_array((int(equal.sum()), 0)), -sp.eye_array(at[0].size), sp.eye_array(at[1].size)])
    limits = sp.csr_array(-np.concatenate([p[1] for p in parts])[:, None])
    matrix = sp.hstack([sp.csr_array(sp.vstack([p[0] for p in parts])), limits, slack])
    lp = LinearProgram(
        np.concatenate([np.zeros(m + 1), np.full(n, -1.0)]),
        sp.csr_array(matrix),
        np.concatenate(lows),
        np.concatenate(highs),
        np.concatenate([np.full(m, -np.inf), [1.0], np.zeros(n)]),
        np.concatenate([np.full(m + 1, np.inf), np.ones(n)]),
    )
    found = solve(lp, "highs", duals=False)
    if found.x is None:
        return None
    never = found.x[m + 1 :] < 0.5
    flags = [equal.copy(), equal.copy()]
    flags[0][at[0][never[: at[0].size]]] = True
    flags[1][at[1][never[at[0].size :]]] = True
    n_rows = program.matrix.shape[0]
    return flags[0][:n_rows], flags[1][:n_rows], flags[0][n_rows:], flags[1][n_rows:]


def _open_cells(program: Program, problem: Problem, zero: Bools) -> Bools:
    """Cells that are not forced to zero by a margin or a cell column that is."""
    layout = program.layout
    n_reps, n_products, n_months = layout.shape
    cells = problem.eligible & ~zero[:n_reps, None, None]
    if layout.by_product:
        cells = cells & ~zero[layout.x : layout.y].reshape(n_reps, n_products, 1)
    if layout.by_month:
        cells = cells & ~zero[layout.y : layout.z].reshape(n_reps, 1, n_months)
    named = cells.reshape(-1, n_months)
    named[layout.pairs] &= ~zero[layout.z :].reshape(-1, n_months)
    return named.reshape(cells.shape)
