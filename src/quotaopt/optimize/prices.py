"""What one more unit of a limit does to the highest level it moves: sensitivity that a degenerate program cannot fake.

The dual values of such a program are one set of many, so none is reported. The fair totals are the filling of a pool
of proven inequalities, and these stay valid when limits move: each total follows its rows. So the slopes of the filling
(`slopes`) are prices if they can be proven: limits are moved by a small step, the pool is filled again, and one linear
program asks whether a table with those totals exists. If it does, they are the fair totals of the moved limits, and
the difference is exact, whatever the solver. Most limits are tested together: when the filling keeps its structure for
a random mixture of steps and for its opposite, and both can be reached, each limit alone moves the levels in
proportion, up and down. What fails is tested in halves, at last alone and upwards only. A limit that cannot be moved
alone (all regions given and the company too) has no price.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from quotaopt.optimize.fairness import FEASIBLE, absorb, excess_program, fill_pool
from quotaopt.optimize.levels import Items, LevelBlock, Solve
from quotaopt.optimize.program import Program
from quotaopt.optimize.search import FairTotals
from quotaopt.optimize.slopes import Limit, slopes
from quotaopt.optimize.statement import Block
from quotaopt.problem import Bools, Floats, Ints

STEP = 1e-3  # of the typical rep's quota: small against what bends, large against rounding errors
ALONE = 0.03  # of a step, for one limit by itself: nearer to what "one more" means
TINY = 1e-3  # of a step, where no program's tolerance is in the way
MOST = 60  # linear programs spent on tests


@dataclass(frozen=True, eq=False)
class _Filling:
    """Values, and what decides how they follow the limits: who shares which level, held by what."""

    program: Program
    items: Items
    values: Floats
    blocks: tuple[LevelBlock, ...]
    stop: Ints

    def alike(self, other: _Filling) -> bool:
        """Whether both have the same structure, so that values between them are in proportion."""
        return (
            np.array_equal(self.stop, other.stop)
            and len(self.blocks) == len(other.blocks)
            and all(
                np.array_equal(a.members, b.members) and a.held_by.keys() == b.held_by.keys()
                for a, b in zip(self.blocks, other.blocks, strict=True)
            )
        )


def price_limits(found: FairTotals, blocks: Sequence[Block], solve: Solve) -> Mapping[Limit, float]:
    """Change of the highest level a limit moves, for one more unit of it; limits whose price is not known are absent.

    Parameters
    ----------
    found : fair totals whose first goal gave levels; after other goals nothing is known.
    blocks : the rules' rows with the limits that were kept.
    """
    if found.program is None or found.items is None or not found.fair.pool:
        return {}
    lower, upper = (np.concatenate([getattr(b, side) for b in blocks]) for side in ("lower", "upper"))
    search = _Search(found.program, found.items, found, lower == upper, solve)
    return {limit: float(f"{price / found.scale:.6g}") for limit, price in search.test(search.prices()).items()}


class _Search:
    """State of one search for prices."""

    def __init__(self, program: Program, items: Items, found: FairTotals, equal: Bools, solve: Solve) -> None:
        self.program, self.items, self.found, self.equal, self.solve = program, items, found, equal, solve
        self.columns, self.group = np.unique(items.column, return_inverse=True)
        self.step = STEP * float(np.median(np.abs(found.fair.values[found.fair.values != 0]))) or STEP
        self.random = np.random.default_rng(0)
        self.left = MOST
        self.base = self.fill({})

    def prices(self) -> dict[Limit, float]:
        """The price of each limit that the structure of the filling gives."""
        return slopes(self.found.fair, self.items, self.base.items, self.group, self.equal)

    def test(self, prices: dict[Limit, float]) -> dict[Limit, float]:
        """Those prices that are proven."""
        if not prices or self.left <= 0:
            return {}
        limits = list(prices)
        if len(limits) == 1:
            moved, price = self.fill({limits[0]: self.step * ALONE}), self.price(limits[0])
            straight = np.isclose(self.change(moved, self.step * ALONE), price, rtol=1e-4, atol=0.0)
            return {limits[0]: price} if straight and self.reaches(moved) else {}
        size = self.step / np.sqrt(len(limits)) * self.random.uniform(0.5, 1.0, len(limits))
        ways = [self.fill(dict(zip(limits, sign * size, strict=True))) for sign in (1.0, -1.0)]
        if all(way.alike(self.base) for way in ways) and all(self.reaches(way) for way in ways):
            return prices
        half = len(limits) // 2
        parts = ({limit: prices[limit] for limit in part} for part in (limits[:half], limits[half:]))
        return {limit: price for part in parts for limit, price in self.test(part).items()}

    def fill(self, steps: Mapping[Limit, float]) -> _Filling:
        """The filling with some limits moved."""
        low, high = np.zeros(self.equal.size + 1), np.zeros(self.equal.size + 1)  # the last is that of LINK
        for limit, size in steps.items():
            low[limit.row] += size * limit.lower
            high[limit.row] += size * limit.upper
        program, items = _moved(self.program, self.items, low, high)
        pool = [
            replace(cut, total=cut.total + sum(p * (low if p > 0 else high)[row] for row, p in cut.rows.items()))
            for cut in self.found.fair.pool
        ]
        bounded = absorb(program, items, self.columns, self.group)
        return _Filling(program, bounded, *fill_pool(pool, bounded, self.group))

    def reaches(self, moved: _Filling) -> bool:
        """Whether a table with at most these values exists: then they are the fair ones."""
        self.left -= 1
        sums = np.bincount(self.group, moved.values, self.columns.size).astype(np.float64)
        found = self.solve(excess_program(moved.program, self.columns, sums))
        return found.status == "optimal" and found.objective <= FEASIBLE

    def price(self, limit: Limit) -> float:
        """What one more unit of the limit does to the highest level it moves, if the pool is all there is."""
        return self.change(self.fill({limit: self.step * TINY}), self.step * TINY)

    def change(self, moved: _Filling, step: float) -> float:
        """Change of the highest level that moved, per unit of one limit's step; nan when none did."""
        level = (self.base.values - self.items.offset) / self.items.scale
        change = (moved.values - self.base.values) / self.items.scale / step
        much = np.abs(moved.values - self.base.values) > step / (1e3 * self.group.size)
        return float(change[much][level[much].argmax()]) if much.any() else float("nan")


def _moved(program: Program, items: Items, low: Floats, high: Floats) -> tuple[Program, Items]:
    """The region and its items with limits moved: `low` and `high` by rule row, the last entry that of no rule."""
    own_low, own_high = low[items.lower_origin], high[items.upper_origin]
    lower, upper = program.lower + low[program.lower_origin], program.upper + high[program.upper_origin]
    n = program.lower.size
    shared = np.unique(items.column)  # their bounds are sums of the items' own, and name only one of these
    lower[shared] = program.lower[shared] + np.bincount(items.column, own_low, n)[shared]
    upper[shared] = program.upper[shared] + np.bincount(items.column, own_high, n)[shared]
    region = replace(
        program,
        row_lower=program.row_lower + low[program.row_origin],
        row_upper=program.row_upper + high[program.row_origin],
        lower=lower,
        upper=upper,
    )
    return region, replace(items, lower=items.lower + own_low, upper=items.upper + own_high)
