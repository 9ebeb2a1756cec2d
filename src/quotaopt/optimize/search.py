"""Fair totals of reps: goals in order, each frozen before the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import scipy.sparse as sp

from quotaopt.columns import REP
from quotaopt.goals import Distance, Levels
from quotaopt.optimize.exact import certify
from quotaopt.optimize.fairness import Fair, Part, Solve, level_down
from quotaopt.optimize.program import Program
from quotaopt.optimize.statement import Block
from quotaopt.problem import Floats, Ints, Problem


@dataclass(frozen=True, eq=False)
class GoalResult:
    """What one goal reached: its name, value (highest level, or total change in units) and the time it took."""

    name: str
    value: float
    seconds: float


@dataclass(frozen=True, eq=False)
class FairTotals:
    """Totals of reps in units (R,), the goals reached, and the levels that decided them."""

    status: str
    values: Floats
    goals: list[GoalResult]
    levels: Levels
    fair: Fair
    columns: Ints
    programs: int
    exact: bool


def reach_goals(
    problem: Problem,
    blocks: Sequence[Block],
    program: Program,
    goals: Sequence[tuple[str, Levels | Distance]],
    solve: Solve,
) -> FairTotals:
    """Solve the goals in order; once levels are given to every rep, later goals have nothing left to choose.

    Parameters
    ----------
    goals : name and goal; the last must be levels, so that the totals are unique.
    """
    results: list[GoalResult] = []
    decided: FairTotals | None = None
    status, programs, exact = "optimal", 0, True
    for name, goal in goals:
        began = perf_counter()
        if isinstance(goal, Distance):
            status, program, value, certain = _shorten(program, goal.reference / program.scale, solve)
            programs, exact = programs + 1, exact and certain
            value *= program.scale
        elif decided is not None:
            value = _highest(decided.values, goal)
        else:
            decided = _level(problem, blocks, program, goal, solve)
            status, program = decided.status, program.fix(program.reps, decided.values / program.scale)
            programs, exact = programs + decided.programs, exact and decided.exact
            value = _highest(decided.values, goal)
        if status != "optimal":
            break
        results.append(GoalResult(name, value, perf_counter() - began))
    if decided is None:
        raise ValueError("the last goal must give every rep a level")
    return FairTotals(status, decided.values, results, decided.levels, decided.fair, decided.columns, programs, exact)


def _highest(values: Floats, goal: Levels) -> float:
    """Highest level of a goal at the given totals."""
    has = goal.scale > 0
    return float(((values - goal.offset)[has] / goal.scale[has]).max(initial=-np.inf)) if has.any() else float("nan")


def _shorten(program: Program, reference: Floats, solve: Solve) -> tuple[str, Program, float, bool]:
    """Minimise the sum of ``|Q - reference|`` and hold it there; amounts scaled."""
    n, (rows, m) = reference.size, program.matrix.shape
    wide = program.extend(sp.csr_array((rows, 2 * n + 1)), np.zeros(2 * n + 1), np.full(2 * n + 1, np.inf))
    pick = sp.csr_array((np.ones(n), (np.arange(n), program.reps)), shape=(n, m))
    one, nothing = sp.eye_array(n, format="csr"), sp.csr_array((n, 1))
    wide = wide.require(sp.csr_array(sp.hstack([pick, one, -one, nothing])), reference, reference)
    total = sp.csr_array(np.concatenate([np.zeros(m), np.ones(2 * n), [-1.0]])[None, :])
    wide = wide.require(total, np.array([-np.inf]), np.array([0.0]))
    lp = wide.minimise(np.append(np.zeros(m + 2 * n), 1.0))
    found = solve(lp)
    if found.status != "optimal":
        return found.status, program, float("nan"), True
    proof = certify(lp, found)
    if proof.objective <= 1e-9 * max(1.0, float(reference.sum())):
        return "optimal", program.fix(program.reps, reference), 0.0, proof.exact
    upper = wide.upper.copy()
    upper[-1] = proof.objective
    held = Program(**{**wide.__dict__, "upper": upper})
    return "optimal", held, proof.objective, proof.exact


def _level(problem: Problem, blocks: Sequence[Block], program: Program, goal: Levels, solve: Solve) -> FairTotals:
    """Level every rep by `goal`; those without a level of it share by capacity what is left to them."""
    able = problem.eligible.any(axis=(1, 2))
    scale = program.scale
    values = np.zeros(able.size)
    programs, exact, first = 0, True, None
    by_capacity = Levels(np.zeros(able.size), problem.capacity.by(REP))
    for levels, who in ((goal, able & (goal.scale > 0)), (by_capacity, able & (goal.scale <= 0))):
        columns = np.flatnonzero(who)
        if not columns.size:
            continue
        parts = parts_of(blocks, columns, scale, program) if columns.size == able.sum() else []
        fair = level_down(program, columns, levels.offset[columns] / scale, levels.scale[columns] / scale, solve, parts)
        programs, exact, first = programs + fair.programs, exact and fair.exact, first or (levels, fair, columns)
        if fair.status != "optimal":
            break
        program = program.fix(columns, fair.values)
        values[columns] = fair.values * scale
    levels, fair, columns = first or (by_capacity, Fair("optimal"), np.zeros(0, dtype=np.int64))
    return FairTotals(fair.status, values, [], levels, fair, columns, programs, exact)


def parts_of(blocks: Sequence[Block], columns: Ints, scale: float, program: Program) -> list[Part]:
    """Disjoint parts of the reps whose totals the rules give: the node targets, and the rest of the company.

    Empty when the rules leave the total of some rep open.
    """
    company: tuple[float, int] | None = None
    nodes: tuple[Block, int] | None = None
    first, most = 0, 0
    for block in blocks:
        grouping, given = block.expression.grouping, int((block.lower == block.upper).sum())
        if block.expression.plain and not any(grouping.used) and given:
            company = (float(block.lower[0]), first)
        node = grouping.used == (True, False, False) and grouping.shape[0] < program.reps.size
        if block.expression.plain and node and given > most:
            nodes, most = (block, first), given
        first += block.size
    atom = np.full(columns.size, -1)
    totals: list[tuple[float, int]] = []
    if nodes is not None:
        block, start = nodes
        of_rep = block.expression.grouping.codes[0][columns]
        for k in np.flatnonzero(block.lower == block.upper):
            if (mine := of_rep == block.keep[k]).any():
                atom[mine] = len(totals)
                totals.append((float(block.lower[k]), start + int(k)))
    parts = [Part(np.flatnonzero(atom == k), total / scale, origin) for k, (total, origin) in enumerate(totals)]
    rest = np.flatnonzero(atom == -1)
    if rest.size and company is None:
        return []
    if rest.size and company is not None:
        parts.append(Part(rest, (company[0] - sum(t for t, _ in totals)) / scale, company[1]))
    return parts
