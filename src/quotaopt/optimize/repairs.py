"""What would make a plan possible: every change of one number, tried alone, with the smallest value that is enough.

A change moves along a grid (rounding units of money, ten-thousandths of ratios). The clash proves that no value up
to some point of the grid can help, because its gap stays positive; the first point beyond is asked of the linear
program. Where that finds the next clash, its proof carries on from there (Newton's method on the convex shortfall).
So the value found is enough, and each smaller one is proved not to be. When a clash does not depend on the change,
it is not enough alone, and the clash says what stands in the way next. Last, whole units are asked for: where totals
cross there may be a table in halves only; then the next steps are tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from quotaopt.optimize.build import build
from quotaopt.optimize.changes import Change, Path, find_changes
from quotaopt.optimize.levels import Solve
from quotaopt.optimize.linear import LinearProgram
from quotaopt.optimize.proof import Groups, Part, Proof, Verdict, judge
from quotaopt.optimize.solvers import solve as run_solver
from quotaopt.optimize.words import money
from quotaopt.problem import Problem

NEWTON = 8  # clashes followed before the values between are halved instead
LOOK = 5  # steps looked at for a table in whole units
COLUMNS, SECONDS = 20_000, 5.0  # larger programs, or those that take longer, are not asked for whole units


@dataclass(frozen=True)
class Repair:
    """One change, tried alone.

    Attributes
    ----------
    text : what to change, like ``raise limit_change.up from 1.35 to 1.61``.
    rule, scope, source : the rule (and its single limit) that gives way, and the line it stands on.
    value : the smallest value that is enough, or from which on this change no longer helps; None for a lock.
    enough : whether a plan exists then.
    short : what is still missing, units.
    path : keys below the rule, or ``("target",)``.
    given : what to write there.
    rule_source : the line of the rule itself.
    roster : rows to add to the roster, when seats are what is to be added.
    """

    text: str
    rule: str
    scope: str
    source: str
    value: Decimal | None
    enough: bool
    short: float
    path: Path
    given: Any
    rule_source: str
    roster: tuple[Mapping[str, str], ...] = ()

    def row(self, problem: Problem) -> dict[str, object]:
        """The remedy as a row of ``conflicts.csv``."""
        return {
            "rule": self.rule, "scope": self.scope, "source": self.source, "remedy": self.text, "enough": self.enough,
            "remedy_value": None if self.value is None else float(self.value),
            "shortfall": None if self.enough else self.short * float(problem.unit),
        }  # fmt: skip


def find_repairs(problem: Problem, groups: Groups, clash: Proof, solve: Solve) -> list[Repair]:
    """Every change that bears on the clash, tried alone; those that are enough first, in the order of the rules."""
    pool = [clash]
    tried = [_try(problem, change, clash, pool, solve) for change in find_changes(problem, groups, clash)]
    found = [repair for repair in tried if repair is not None]
    return sorted(found, key=lambda repair: not repair.enough)


def _try(problem: Problem, change: Change, clash: Proof, pool: list[Proof], solve: Solve) -> Repair | None:
    """The smallest sufficient step, or what is missing still; None when the solver cannot tell."""
    bad, proof = 0, clash
    for _ in range(NEWTON):
        ruled_out = _last(change, proof, bad)
        if ruled_out == change.steps:
            return _not_enough(problem, change, bad, proof)
        bad = ruled_out
        verdict = _judge(change, bad + 1, pool, solve)
        if verdict.answer == "yes":
            return _enough(change, bad + 1)
        if verdict.proof is None:
            break
        bad, proof = bad + 1, verdict.proof
    return _halve(problem, change, bad, proof, pool, solve)


def _halve(problem: Problem, change: Change, bad: int, proof: Proof, pool: list[Proof], solve: Solve) -> Repair | None:
    """Search between a step that is not enough and one that is: for changes that move the weights of rows."""
    good = change.steps
    if _judge(change, good, pool, solve).answer != "yes":
        return _not_enough(problem, change, bad, proof) if bad else None
    while good - bad > 1:
        middle = (good + bad) // 2 if good < 4 * (bad + 1) else 2 * (bad + 1)
        enough = _judge(change, middle, pool, solve).answer == "yes"
        good, bad = (middle, bad) if enough else (good, middle)
    return _enough(change, good)


def _judge(change: Change, k: int, pool: list[Proof], solve: Solve) -> Verdict:
    """Whether a plan exists after k steps: no, when a proof already known still holds; else the program is asked."""
    problem, groups = change.at(k)
    for known in pool:
        gap = known.gap(problem, groups)
        if gap is not None and gap > 0:
            return Verdict("no", known)
    verdict = judge(problem, groups, solve)
    if verdict.proof is not None:
        pool.append(verdict.proof)
    return verdict


def _last(change: Change, proof: Proof, bad: int) -> int:
    """The last step at which a proof still holds; it holds at `bad`, and its gap shrinks step by step.

    Secant steps, because gaps are all but linear; halving where they are not.
    """
    if change.gap(proof, change.steps) > 0:
        return change.steps
    low, high = bad, bad + 1
    gap_low = change.gap(proof, low)
    while high < change.steps and (gap := change.gap(proof, high)) > 0:
        slope = (gap_low - gap) / (high - low)
        guess = int(gap / slope) + 1 if slope > 0 else 3 * (high - bad)
        low, gap_low, high = high, gap, high + max(1, guess)
    high = min(high, change.steps)
    while high - low > 1:
        gap_high = change.gap(proof, high)
        share = gap_low / (gap_low - gap_high) if gap_high > float("-inf") else 0.5
        middle = min(max(low + round((high - low) * share), low + 1), high - 1)
        if (gap := change.gap(proof, middle)) > 0:
            low, gap_low = middle, gap
            if high - low > 1 and change.gap(proof, low + 1) <= 0:
                high = low + 1
        else:
            high = middle
            if high - low > 1 and (gap := change.gap(proof, high - 1)) > 0:
                low, gap_low = high - 1, gap
    return low


def _enough(change: Change, k: int) -> Repair:
    """The first step from k on with a table in whole units; k itself when none is near."""
    steps = range(k, min(k + LOOK, change.steps + 1))
    k = next((step for step in steps if _in_whole_units(change, step)), k)
    return _repair(change, k, change.words + change.says(change.value(k)), True, 0.0)


def _in_whole_units(change: Change, k: int) -> bool:
    """Whether whole totals keep every plain limit; taken for granted where that takes too long to tell."""
    problem, groups = change.at(k)
    program = build(problem, [block for group in groups for block in group if block.expression.plain])
    n = program.lower.size
    if n > COLUMNS:
        return True
    rows = program.row_lower * program.scale, program.row_upper * program.scale
    columns = program.lower * program.scale, program.upper * program.scale
    lp = LinearProgram(np.zeros(n), program.matrix, rows[0], rows[1], columns[0], columns[1], np.ones(n, dtype=bool))
    return run_solver(lp, "highs", seconds=SECONDS, duals=False).status != "infeasible"


def _not_enough(problem: Problem, change: Change, k: int, proof: Proof) -> Repair:
    """What is missing still after the last step that helped, and which limit is in the way."""
    far = change.gap(proof, change.steps) < change.gap(proof, k)
    k = change.steps if far else k
    groups = change.at(k)[1]
    others = [part for part in proof.parts if groups[part.use][part.block].use.name != change.use.name]
    smallest = min(abs(w) for part in proof.parts for w in part.weight.tolist())
    short = change.gap(proof, k) / float(smallest)
    done = "" if change.switch else ", however far" if far else change.says(change.value(k))
    clashes = f", {_named(groups, others[-1])} clashes next" if others else ""
    return _repair(change, k, f"{change.words}{done}: still {money(problem, short)} short{clashes}", False, short)


def _named(groups: Groups, part: Part) -> str:
    block = groups[part.use][part.block]
    scope = block.expression.grouping.labels[int(part.rows[0])]
    more = f" and {len(part.rows) - 1} more" if len(part.rows) > 1 else ""
    return f"{block.use.name} {scope}{more}"


def _repair(change: Change, k: int, text: str, enough: bool, short: float) -> Repair:
    path, given = change.writes(change.value(k))
    value = None if change.switch else change.value(k)
    use = change.use
    return Repair(text, use.name, change.scope, change.source, value, enough, short, path, given, use.source)
