"""Why no plan exists, in words a planner can act on: the limits that clash, and what would resolve it.

First arithmetic (`screen`), then one linear program whose dual values prove which limits rule each other out
(`proof`), then every change that might help, each tried alone (`repairs`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import pandas as pd

from quotaopt.columns import CONFLICTS
from quotaopt.optimize import screen as arithmetic
from quotaopt.optimize.core import Core, find_core, without_idle
from quotaopt.optimize.levels import Solve
from quotaopt.optimize.proof import Groups, Part, Proof, by_use, judge, narrow
from quotaopt.optimize.repairs import Repair, find_repairs
from quotaopt.optimize.statement import Block
from quotaopt.optimize.words import Limit, listed, money
from quotaopt.problem import Problem

NOBODY = "nobody may sell anything there"


@dataclass(frozen=True, eq=False)
class Clash:
    """Limits that cannot be kept together, by how much they miss each other (units), and which of them are enough."""

    problem: Problem
    groups: Groups
    proof: Proof
    gap: Fraction
    core: Core | None = None

    @property
    def limits(self) -> list[Limit]:
        """The limits, coarsest first."""
        found = []
        for part in self.proof.parts:
            if (at := part.find(self.groups)) is not None:
                block, rows = at
                pairs = zip(rows.tolist(), part.weight.tolist(), strict=True)
                found += [Limit(block, row, Fraction(weight), self._needed(part, row)) for row, weight in pairs]
        return sorted(found, key=lambda limit: limit.block.expression.grouping.size)

    def _needed(self, part: Part, at: int) -> bool | None:
        """Whether the limit is in the core; None when that was not tried."""
        if self.core is None or (found := part.find(self.groups)) is None:
            return None
        row = (part.use, part.block, int(found[0].keep[at]))
        return True if row in self.core.tried else None if row in self.core.rows else False

    @property
    def lead(self) -> Limit:
        """The coarsest limit, which tells best what the clash is about."""
        return self.limits[0]

    @property
    def sentence(self) -> str:
        """The clash as a planner says it, and which limits already clash when these are not all."""
        limits, few = self.limits, [limit for limit in self.limits if limit.needed is not False]
        more = f"; {listed(few)} clash by themselves" if len(few) < len(limits) else ""
        return f"{self._sum(limits)}{more}"

    def _sum(self, limits: Sequence[Limit]) -> str:
        if not all(limit.block.expression.plain for limit in limits):
            return f"no plan can keep these limits together: {listed(limits)}"
        lows, ups = [k for k in limits if k.weight > 0], [k for k in limits if k.weight < 0]
        scale = min(abs(k.weight) for k in limits)
        asked, possible = (
            Fraction(sum(abs(k.weight) * Fraction(k.limit) for k in side)) / scale for side in (lows, ups)
        )
        amounts = {True: money(self.problem, asked), False: money(self.problem, possible)}
        low_first = bool(lows) and (not ups or len(lows) < len(ups) or (len(lows) == len(ups) and limits[0] is lows[0]))
        first, second = (lows, ups) if low_first else (ups, lows)
        words = {True: ("asks at least", "ask at least"), False: ("allows at most", "allow at most")}
        said = [
            f"{listed(side)} {words[side is lows][len(side) > 1]} {amounts[side is lows]}" if side else NOBODY
            for side in (first, second)
        ]
        return (
            f"{said[0]}, but {said[1]}: {'short' if low_first else 'over'} by {money(self.problem, self.gap / scale)}"
        )

    def rows(self) -> list[dict[str, object]]:
        """The limits as rows of ``conflicts.csv``: what each is, and the best it could be if the others stay."""
        unit = float(self.problem.unit)
        out = []
        for limit in self.limits:
            missing = float(self.gap / abs(limit.weight))
            best = limit.limit + missing if limit.weight < 0 else limit.limit - missing
            if limit.block.expression.plain:
                best = max(best, 0.0)
            out.append({
                "rule": limit.block.use.name, "scope": limit.scope, "activity": best * unit,
                "limit": limit.limit * unit, "shortfall": missing * unit, "needed": limit.needed,
                "source": limit.source,
            })  # fmt: skip
        return out


def screen(problem: Problem, blocks: Sequence[Block]) -> Clash | None:
    """The clash that arithmetic alone shows, coarsest first; None when it shows none."""
    groups = by_use(blocks)
    return _clash(problem, groups, arithmetic.screen(problem, groups))


def _clash(problem: Problem, groups: Groups, proof: Proof | None) -> Clash | None:
    proof = proof and without_idle(problem, groups, proof)
    gap = proof and proof.gap(problem, groups)
    return Clash(problem, groups, proof, gap) if proof and gap else None


def find_clash(problem: Problem, blocks: Sequence[Block], solve: Solve) -> Clash | None:
    """The limits that clash: by arithmetic, else by a linear program; None when no proof was found."""
    if (clash := screen(problem, blocks)) is not None:
        return clash
    groups = by_use(blocks)
    proof = judge(problem, groups, solve).proof
    return _clash(problem, groups, proof and narrow(problem, groups, proof, solve))


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why there is no plan: a sentence, the table ``conflicts.csv``, and the changes that were tried."""

    sentence: str
    table: pd.DataFrame
    repairs: tuple[Repair, ...] = ()


def explain(problem: Problem, blocks: Sequence[Block], solve: Solve) -> Explanation:
    """The limits that clash, and the changes that bear on them, each tried alone."""
    clash = find_clash(problem, blocks, solve)
    columns = [column.name for column in CONFLICTS]
    if clash is None:
        names = sorted({b.use.name for b in blocks if b.use.hard})
        sentence = f"no plan can keep these rules together: {', '.join(names)}"
        return Explanation(sentence, pd.DataFrame(columns=columns))
    clash = replace(clash, core=find_core(problem, clash.groups, clash.proof, solve))
    repairs = find_repairs(problem, clash.groups, clash.proof, solve)
    rows = [*clash.rows(), *(repair.row(problem) for repair in repairs)]
    return Explanation(clash.sentence, pd.DataFrame(rows, columns=columns), tuple(repairs))
