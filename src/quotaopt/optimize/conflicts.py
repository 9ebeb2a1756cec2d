"""Why no plan exists, in words a planner can act on.

First arithmetic: a limit that even the bounds of its own parts cannot meet. Then each rule alone is made to give way:
if a plan exists then, the least it must give is a remedy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import scipy.sparse as sp

from quotaopt.columns import CONFLICTS
from quotaopt.optimize.bounds import LINK
from quotaopt.optimize.build import build
from quotaopt.optimize.levels import Solve
from quotaopt.optimize.soft import settle
from quotaopt.optimize.statement import WHOLE, Block, RuleUse
from quotaopt.problem import Floats, Ints, Problem

GAP = 0.5  # units: limits are whole numbers, so a true gap is at least one unit


@dataclass(frozen=True)
class Clash:
    """One limit against the most (or least) its parts allow; amounts in units."""

    rule: str
    scope: str
    source: str
    asked: float
    possible: float
    against: str

    @property
    def short(self) -> float:
        """By how much the two miss each other."""
        return abs(self.asked - self.possible)

    def sentence(self, problem: Problem) -> str:
        """The clash as a planner says it."""
        most = self.asked > self.possible
        return (
            f"{self.rule} {self.scope} asks {'at least' if most else 'at most'} {money(problem, self.asked)} "
            f"({self.source}), but {self.against} allow {'at most' if most else 'at least'} "
            f"{money(problem, self.possible)}: {'short' if most else 'over'} by {money(problem, self.short)}"
        )


def money(problem: Problem, units: float) -> str:
    """An amount in units as money for people, with as many decimals as it needs."""
    amount = round(float(units) * float(problem.unit), 2)
    return f"{amount:,.0f}" if amount == round(amount) else f"{amount:,.2f}"


def screen(problem: Problem, blocks: Sequence[Block]) -> Clash | None:
    """The first hard limit, coarsest first, that the limits of its own parts rule out; None when there is none."""
    hard = [b for b in blocks if b.use.hard]
    found = [*_nested(hard), *_bounds(problem, hard)]
    return max(found, key=lambda c: c.short, default=None)


def _nested(blocks: Sequence[Block]) -> list[Clash]:
    """Limits of one total against the sum of limits of the totals inside it."""
    clashes = []
    for outer in blocks:
        for inner in blocks:
            if inner is outer or not (inner.expression.plain and outer.expression.plain):
                continue
            try:
                parent = inner.expression.grouping.within(outer.expression.grouping)
            except ValueError:
                continue
            size = outer.expression.grouping.size
            low, high = np.zeros(inner.expression.grouping.size), np.full(inner.expression.grouping.size, np.inf)
            low[inner.keep], high[inner.keep] = np.maximum(inner.lower, 0.0), inner.upper
            least = np.bincount(parent, low, size)[outer.keep]
            most = np.bincount(parent, high, size)[outer.keep]
            against = f"{inner.use.name} ({inner.use.source})"
            clashes += [
                _clash(outer, k, outer.lower[k], most[k], against)
                for k in np.flatnonzero(outer.lower > most + GAP).tolist()
            ]
            clashes += [
                _clash(outer, k, outer.upper[k], least[k], against)
                for k in np.flatnonzero(outer.upper < least - GAP).tolist()
            ]
    return clashes


def _clash(block: Block, row: int, asked: float, possible: float, against: str) -> Clash:
    return Clash(block.use.name, block.scope(row), block.source(row), asked, possible, against)


def _bounds(problem: Problem, blocks: Sequence[Block]) -> list[Clash]:
    """Rows of the program against the bounds of their columns, which combine all rules on single totals."""
    program = build(problem, blocks)
    where = [(block, k) for block in blocks for k in range(block.size)]
    clashes = []
    for column in np.flatnonzero(program.lower > program.upper + GAP / program.scale):
        low, high = program.lower_origin[column], program.upper_origin[column]
        block, row = where[low] if low != LINK else where[high]
        against = _names(where, np.array([high])) or "availability (nobody may sell this here)"
        clashes.append(
            _clash(block, row, program.lower[column] * program.scale, program.upper[column] * program.scale, against)
        )
    matrix = program.matrix
    most, least = _reach(matrix, program.lower, program.upper)
    for limit, reach, broken in (
        (program.row_lower, most, program.row_lower > most + GAP / program.scale),
        (program.row_upper, least, program.row_upper < least - GAP / program.scale),
    ):
        for k in np.flatnonzero(broken & (program.row_origin != LINK)):
            block, row = where[program.row_origin[k]]
            columns = matrix.indices[matrix.indptr[k] : matrix.indptr[k + 1]]
            origin = program.upper_origin if reach is most else program.lower_origin
            against = _names(where, origin[columns]) or "the reps and products that may sell there"
            clashes.append(_clash(block, row, limit[k] * program.scale, reach[k] * program.scale, against))
    return clashes


def _reach(matrix: sp.csr_array, lower: Floats, upper: Floats) -> tuple[Floats, Floats]:
    """Largest and smallest value of each row over the bounds of its columns."""
    up, down = matrix.maximum(0), matrix.minimum(0)
    finite = np.where(np.isfinite(upper), upper, 0.0)
    endless = (~np.isfinite(upper)).astype(float)
    most = up @ finite + down @ lower + np.where(up @ endless > 0, np.inf, 0.0)
    least = up @ lower + down @ finite - np.where(down @ endless < 0, np.inf, 0.0)
    return most, least


def _names(where: Sequence[tuple[Block, int]], origins: Ints) -> str:
    """Rules behind some bounds, each with its file line."""
    uses = {where[k][0].use for k in origins[origins != LINK].tolist()}
    return " and ".join(sorted(f"{u.name} ({u.source})" for u in uses))


def explain(problem: Problem, blocks: Sequence[Block], solve: Solve) -> tuple[str, pd.DataFrame]:
    """A sentence that names the clash, and a table of remedies, each of them tried alone."""
    clash = screen(problem, blocks)
    names = sorted({b.use.name for b in blocks if b.use.hard})
    sentence = clash.sentence(problem) if clash else f"no plan can keep these rules together: {', '.join(names)}"
    rows = [_try_alone(problem, blocks, use, solve) for use in _uses(blocks)]
    return sentence, pd.DataFrame(rows, columns=[c.name for c in CONFLICTS])


def _uses(blocks: Sequence[Block]) -> list[RuleUse]:
    """The hard rules, each once, in the order of the scenario."""
    found: list[RuleUse] = []
    for block in blocks:
        if block.use.hard and block.use not in found:
            found.append(block.use)
    return found


def _try_alone(problem: Problem, blocks: Sequence[Block], use: RuleUse, solve: Solve) -> dict[str, object]:
    """Let one rule give way, all others hard: the least it must give, or that it cannot help alone."""
    gentle = replace(use, penalty=1.0)
    alone = [replace(b, use=gentle) if b.use == use else b for b in blocks if b.use.hard]
    found = settle(problem, alone, solve)
    row: dict[str, object] = {"rule": use.name, "enough": found.status == "optimal", "source": use.source}
    if found.status != "optimal":
        return row | {"remedy": f"relaxing {use.name} alone is not enough"}
    gaps = [_gap(b, s, o) for b, s, o in zip(alone, found.short, found.over, strict=True) if (s + o).any()]
    if not gaps:
        return row | {"remedy": f"relaxing {use.name} alone is enough"}
    worst, unit = max(gaps, key=lambda gap: gap.amount), float(problem.unit)
    row |= {
        "scope": worst.block.scope(worst.row),
        "activity": (worst.limit + (worst.amount if worst.over else -worst.amount)) * unit,
        "limit": worst.limit * unit,
        "shortfall": np.ceil(sum(gap.total for gap in gaps) - WHOLE) * unit,
        "source": worst.block.source(worst.row),
    }
    return row | _remedy(problem, use, gaps)


@dataclass(frozen=True, eq=False)
class Gap:
    """By how much a block has to give: its worst row, that row's limit and amount (units), the sum over its rows.

    `factor` is the largest amount relative to its limit, infinite where the limit is 0.
    """

    block: Block
    row: int
    over: bool
    limit: float
    amount: float
    total: float
    factor: float


def _gap(block: Block, short: Floats, over: Floats) -> Gap:
    amount = np.ceil(np.maximum(short, over) - WHOLE)
    limit = np.where(over > short, block.upper, block.lower)
    factor = np.divide(amount, limit, out=np.where(amount > 0, np.inf, 0.0), where=limit > 0)
    row = int(amount.argmax())
    total = float(short.sum() + over.sum())
    return Gap(block, row, bool(over[row] > 0), float(limit[row]), float(amount[row]), total, float(factor.max()))


def _remedy(problem: Problem, use: RuleUse, gaps: Sequence[Gap]) -> dict[str, object]:
    """The change of the rule's own number that is just enough, when one number does it, else the amount."""
    over, factor = {gap.over for gap in gaps}, max(gap.factor for gap in gaps)
    names, verb, sign = (("stretch", "up", "high"), "raise", 1) if over == {True} else (("down", "low"), "lower", -1)
    for name in names if len(over) == 1 and np.isfinite(factor) else ():
        value = use.parameters.get(name)
        if isinstance(value, float) and np.isfinite(value):
            enough = sign * float(np.ceil(sign * value * (1 + sign * factor) * 1e4 - WHOLE) / 1e4)
            return {"remedy": f"{verb} {use.name}.{name} from {value:g} to {enough:g}", "remedy_value": enough}
    amount = np.ceil(sum(gap.total for gap in gaps) - 1e-6)
    what = f"relax {use.name} by"
    if use.name == "meet_target":
        what = "raise the target by" if over == {True} else "lower the target by"
    return {"remedy": f"{what} {money(problem, amount)}", "remedy_value": amount * float(problem.unit)}
