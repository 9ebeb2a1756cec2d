"""The rules of one scenario, stated on one problem: blocks of finite rows with where each comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quotaopt.errors import Finding, InputError, UnknownNameError, split_place
from quotaopt.optimize.rows import Expression, Rows, Total, totals_of
from quotaopt.problem import Floats, Ints, Problem
from quotaopt.rules import rule

# A limit computed in floats may miss its whole number by rounding; closer than this it is that number.
WHOLE = 1e-6


@dataclass(frozen=True, eq=False)
class RuleUse:
    """A rule as a scenario uses it: its parameters, and when soft its penalty and priority.

    `source` is the ``file:line`` of the rule, `places` those of single limits by the label of their row.
    """

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    penalty: float | None = None
    priority: int = 1
    source: str = ""
    places: Mapping[str, str] = field(default_factory=dict)

    @property
    def hard(self) -> bool:
        """Whether the rule must hold; a penalty makes it soft."""
        return self.penalty is None


@dataclass(frozen=True, eq=False)
class Block:
    """The finite rows of one expression of one rule.

    Attributes
    ----------
    use : the rule they come from.
    expression : the whole block of sub-totals.
    keep : rows of `expression` that have a limit, shape (n,).
    lower, upper : their limits in rounding units, shape (n,). Limits of plain sub-totals are whole numbers,
        rounded inward, so that a quota at its limit is a whole number too.
    """

    use: RuleUse
    expression: Expression
    keep: Ints
    lower: Floats
    upper: Floats
    sources: Mapping[int, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number of rows."""
        return self.keep.size

    def evaluate(self, quota: Floats | Ints) -> Floats:
        """Activity of each row for a rep × product × month table."""
        return self.expression.evaluate(quota)[self.keep]

    def scope(self, row: int) -> str:
        """What the row is about, like ``North 2027-01``."""
        return self.expression.grouping.labels[int(self.keep[row])]

    def source(self, row: int) -> str:
        """``file:line`` of the row."""
        known = self.sources.get(int(self.keep[row]), "")
        return known or self.use.places.get(self.scope(row), self.use.source)

    def all_sources(self) -> NDArray[np.object_]:
        """``file:line`` of every row."""
        if not self.sources and not self.use.places:
            return np.full(self.size, self.use.source, dtype=object)
        return np.array([self.source(row) for row in range(self.size)], dtype=object)


def state(problem: Problem, uses: Sequence[RuleUse]) -> list[Block]:
    """All rows of all rules of a scenario, without rows that limit nothing.

    Raises
    ------
    InputError
        If a rule names a region, product … that does not exist.
    """
    total = totals_of(problem)
    blocks = []
    for use in uses:
        for rows in _yield_rows(problem, total, use):
            lower, upper = rows.lower, rows.upper
            if rows.expression.plain:
                lower, upper = np.ceil(lower - WHOLE), np.floor(upper + WHOLE)
            keep = np.flatnonzero(np.isfinite(lower) | np.isfinite(upper))
            if keep.size:
                blocks.append(Block(use, rows.expression, keep, lower[keep], upper[keep], rows.sources))
    return blocks


def _yield_rows(problem: Problem, total: Total, use: RuleUse) -> list[Rows]:
    """Rows of one rule; a name it does not know becomes a finding with its place."""
    try:
        return list(rule[use.name](problem, total, **use.parameters))
    except UnknownNameError as error:
        place = split_place(use.places.get(error.name, use.source))
        what = f"no such {error.kind}"
        finding = Finding(what, error.remedy, place[0], place[1], f"rules.{use.name}", error.name, code="scenario")
        raise InputError([finding]) from None


def relax(block: Block, short: Floats, over: Floats) -> Block:
    """Move the limits of a block outward, to whole units: lower ones by `short`, upper ones by `over` (its shape)."""
    return replace(block, lower=block.lower - np.ceil(short - WHOLE), upper=block.upper + np.ceil(over - WHOLE))
