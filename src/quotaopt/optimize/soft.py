"""Goal zero: the least violation of soft rules, priority by priority, shared fairly and therefore unique.

Inside a priority the relative violations ``penalty * violation / limit`` are brought down lexicographically, the
largest first, so that equal penalties mean equal relative relaxation. Rules of later priorities wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from quotaopt.optimize.bounds import LINK
from quotaopt.optimize.build import build, rows_of
from quotaopt.optimize.fairness import level_down
from quotaopt.optimize.levels import Items, Solve
from quotaopt.optimize.program import Program
from quotaopt.optimize.statement import Block, relax
from quotaopt.problem import Floats, Ints, Problem


@dataclass(frozen=True, eq=False)
class Settled:
    """Blocks with the limits that can be kept, and by how much each row had to give way.

    `short` and `over` hold, block by block, what is missing to the lower and beyond the upper limits (units).
    """

    status: str
    blocks: list[Block]
    short: list[Floats]
    over: list[Floats]
    programs: int = 0
    exact: bool = True


def settle(problem: Problem, blocks: Sequence[Block], solve: Solve) -> Settled:
    """Relax soft rules by the least that makes a plan possible; hard rules stay."""
    kept = [b if b.use.hard else None for b in blocks]
    short, over = ([np.zeros(b.size) for b in blocks] for _ in range(2))
    programs, exact = 0, True
    for priority in sorted({b.use.priority for b in blocks if not b.use.hard}):
        now = [k for k, b in enumerate(blocks) if not b.use.hard and b.use.priority == priority]
        soft = [blocks[k] for k in now]
        program = build(problem, [b for b in kept if b is not None], also=soft)
        wide, columns, scale, low, high = _soften(program, soft)
        none = np.full(columns.size, LINK)
        zero, endless = np.zeros(columns.size), np.full(columns.size, np.inf)
        fair = level_down(wide, Items(columns, zero, scale, zero, endless, none, none), solve)
        programs, exact = programs + fair.programs, exact and fair.exact
        if fair.status != "optimal":
            return Settled(fair.status, list(blocks), short, over, programs, exact)
        missed, cuts = fair.values * program.scale, np.cumsum([b.size for b in soft])
        sides = ((low, missed[: low.size]), (high, missed[low.size :]))
        parts = [np.split(np.bincount(rows, values, cuts[-1]), cuts[:-1]) for rows, values in sides]
        for k, less, more in zip(now, *parts, strict=True):
            kept[k], short[k], over[k] = relax(blocks[k], less, more), less, more
    return Settled("optimal", [b for b in kept if b is not None], short, over, programs, exact)


def _soften(program: Program, soft: Sequence[Block]) -> tuple[Program, Ints, Floats, Ints, Ints]:
    """Add the soft rows with one violation column per limit.

    Returns
    -------
    the wider program, those columns, their scales, and the rows of the lower limits (first) and the upper ones.
    """
    matrix = sp.csr_array(sp.vstack([rows_of(program, b) for b in soft]))
    lower = np.concatenate([b.lower for b in soft]) / program.scale
    upper = np.concatenate([b.upper for b in soft]) / program.scale
    penalty = np.concatenate([np.full(b.size, b.use.penalty) for b in soft])
    low, high = np.flatnonzero(np.isfinite(lower)), np.flatnonzero(np.isfinite(upper))
    row, sign = np.concatenate([low, high]), np.repeat([1.0, -1.0], [low.size, high.size])
    limit = np.abs(np.where(sign > 0, lower[row], upper[row]))
    typical = limit[limit > 0].mean() if (limit > 0).any() else 1.0
    scale = np.where(limit > 0, limit, typical) / penalty[row]
    n, first = row.size, program.matrix.shape[1]
    above = program.extend(sp.csr_array((program.matrix.shape[0], n)), np.zeros(n), np.full(n, np.inf))
    give = sp.csr_array((sign, (row, np.arange(n))), shape=(matrix.shape[0], n))
    wide = above.require(sp.csr_array(sp.hstack([matrix, give])), lower, upper)
    return wide, first + np.arange(n), scale, low, high
