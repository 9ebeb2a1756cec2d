"""What one more of a limit does to the highest level it moves, and how far that is in proportion.

The price is that of ``rules.csv`` (`quotaopt.optimize.prices`); a limit that cannot be moved alone, or not in
proportion, as in a degenerate program, has none. How far a price holds is tried: the limit is moved by a part of
itself, the plan is made again, and the levels tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from quotaopt.case import Case
from quotaopt.optimize.statement import Block, RuleUse
from quotaopt.problem import Floats

Key = tuple[str, str, str, int]
"""Rule, scope, sense and limit in rounding units."""
NEAR = 1.0  # units: as near is at the limit
PARTS = (0.1, 0.01, 0.001)  # of a limit, tried one after the other
STRAIGHT = 1e-3  # relative: so near is in proportion
MOVED = 1e-6  # of a step


@dataclass(frozen=True, eq=False)
class Held:
    """A limit that the plan has reached: row `k` of a block, and its sense."""

    block: Block
    k: int
    sense: str

    @property
    def limit(self) -> float:
        """The limit, rounding units."""
        return float((self.block.upper if self.sense == "<=" else self.block.lower)[self.k])

    @property
    def key(self) -> Key:
        """What names its row of ``rules.csv``."""
        return self.block.use.name, self.block.scope(self.k), self.sense, round(self.limit)

    def moved(self, step: float) -> Block:
        """The block with the limit moved by so many units."""
        lower, upper = self.block.lower.copy(), self.block.upper.copy()
        for side, moves in ((lower, self.sense != "<="), (upper, self.sense != ">=")):
            side[self.k] += step * moves
        return replace(self.block, lower=lower, upper=upper)


def held_limits(case: Case, use: RuleUse) -> Iterator[Held]:
    """The limits of a rule that the plan has reached."""
    for block in (block for block in case.kept if block.use is use):
        activity = block.evaluate(case.quota)
        low, high = np.abs(activity - block.lower) < NEAR, np.abs(activity - block.upper) < NEAR
        for k in np.flatnonzero(low | high).tolist():
            yield Held(block, k, "==" if block.lower[k] == block.upper[k] else ">=" if low[k] else "<=")


def read_prices(case: Case) -> Mapping[Key, float]:
    """Change of the highest level a limit moves, per 1 of money more: of every limit whose price is known."""
    table = case.run.table("rules")
    table = table[table["binding"].astype(bool) & table["dual_value"].notna()]
    units = np.rint(table["limit"] / float(case.problem.unit)).astype(int)
    keys = zip(*(table[name] for name in ("rule", "scope", "sense")), units, strict=True)
    return dict(zip(keys, table["dual_value"].astype(float), strict=True))


def worth(case: Case, held: Held, price: float) -> dict[str, object]:
    """Columns `scope`, `limit`, `price`, `price_from` and `price_to` of a limit, money; nan where no price is known."""
    unit = float(case.problem.unit)
    row: dict[str, object] = {"scope": held.block.scope(held.k), "limit": held.limit * unit, "price": price}
    if np.isfinite(price):
        for name, way in (("price_from", -1), ("price_to", 1)):
            row[name] = (held.limit + way * _proven(case, held, price * unit, way)) * unit
    return row


def dearest(case: Case, use: RuleUse, prices: Mapping[Key, float]) -> dict[str, object]:
    """`worth` of the limit of a rule that 1 % of itself is worth most; empty where no price is known."""
    known = [held for held in held_limits(case, use) if prices.get(held.key)]
    if not known:
        return {}
    held = max(known, key=lambda one: abs(prices[one.key] * one.limit))
    return worth(case, held, prices[held.key])


def _proven(case: Case, held: Held, price: float, way: int) -> float:
    """The largest of the tried steps, in units, over which the level moves by the price; 0 where none does."""
    before = _levels(case, case.fair.values)
    for step in (way * part * held.limit for part in PARTS):
        blocks = [held.moved(step) if block is held.block else block for block in case.kept]
        if (found := case.reach(case.problem, blocks)) is None:
            continue
        movers = np.abs(found.values - case.fair.values) > MOVED * abs(step)
        movers &= np.isfinite(before)
        if not movers.any():
            continue
        top = int(np.where(movers, before, -np.inf).argmax())
        change = _levels(case, found.values)[top] - before[top]
        if abs(change - price * step) <= STRAIGHT * abs(price * step):
            return abs(step)
    return 0.0


def _levels(case: Case, totals: Floats) -> Floats:
    return np.asarray(case.levels.level(totals), dtype=np.float64)
