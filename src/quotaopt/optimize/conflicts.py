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
    worst = max(
        (
            (v[k], block, k)
            for block, v in zip(alone, found.violation, strict=True)
            if (v > 0).any()
            for k in [int(v.argmax())]
        ),
        key=lambda found: found[0],
        default=None,
    )
    if worst is None:
        return row | {"remedy": f"relaxing {use.name} alone is enough"}
    _, block, k = worst
    unit, total = float(problem.unit), sum(float(v.sum()) for v in found.violation)
    limit = block.upper[k] if np.isfinite(block.upper[k]) else block.lower[k]
    # In whole units, as limits are; a limit of 0 has no factor.
    factor = max(
        float(np.divide(np.ceil(v - WHOLE), b.upper, out=np.where(v > WHOLE, np.inf, 0.0), where=b.upper > 0).max())
        for b, v in zip(alone, found.violation, strict=True)
        if b.size
    )
    row |= {
        "scope": block.scope(k),
        "limit": limit * unit,
        "shortfall": np.ceil(total) * unit,
        "source": block.source(k),
    }
    return row | _remedy(problem, use, total, factor)


def _remedy(problem: Problem, use: RuleUse, total: float, factor: float) -> dict[str, object]:
    """The change of the rule's own number that is just enough, when it has one."""
    for name in ("stretch", "up", "high"):
        value = use.parameters.get(name)
        if isinstance(value, float) and np.isfinite(value) and np.isfinite(factor):
            raised = float(np.ceil(value * (1 + factor) * 1e4 - WHOLE) / 1e4)
            return {"remedy": f"raise {use.name}.{name} from {value:g} to {raised:g}", "remedy_value": raised}
    amount = np.ceil(total - 1e-6)
    verb = "lower the target by" if use.name == "meet_target" else f"relax {use.name} by"
    return {"remedy": f"{verb} {money(problem, amount)}", "remedy_value": amount * float(problem.unit)}
