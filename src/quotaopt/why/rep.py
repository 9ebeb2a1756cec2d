"""What holds one rep's quota, and which peers are most like the rep."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from quotaopt.case import Case
from quotaopt.columns import PEER_GROUP
from quotaopt.columns import why as c
from quotaopt.optimize.statement import Block
from quotaopt.problem import Bools, Floats, Ints
from quotaopt.record import shape
from quotaopt.why.dropped import Dropped
from quotaopt.why.worth import NEAR, held_limits, read_prices, worth

CLOSEST = 3
DIGITS = 2  # of what is told of peers


def holds(case: Case, r: int, dropped: Sequence[Dropped]) -> pd.DataFrame:
    """Rules that concern the rep, and the quota without each; columns `columns.why.HOLDS`.

    Those with a limit that is reached on a total the rep belongs to; then those that only limit others, but so that
    the rep's quota is another one. The target, which concerns everybody, is left out.
    """
    unit, now, rows = float(case.problem.unit), int(case.totals[r]), list[dict[str, object]]()
    prices = read_prices(case)
    for one in dropped:
        if one.use is None:
            continue
        own = [held for held in held_limits(case, one.use) if concerns(held.block, r)[held.k]]
        without = np.nan if one.totals is None else _quiet(one.totals[r], now)
        row: dict[str, object] = {"rule": one.name, "without": without * unit, "limits": len(own)}
        if own:
            block, k = own[0].block, own[0].k
            row |= worth(case, own[0], prices.get(own[0].key, np.nan)) | {
                "sense": own[0].sense,
                "source": block.source(k),
            }
            rows.append(row if block.expression.plain else row | {"limit": np.nan})
        elif without != now:
            rows.append(row | {"scope": "", "sense": "", "source": one.source, "limit": np.nan})
    return shape(pd.DataFrame(rows, columns=[column.name for column in c.HOLDS]), c.HOLDS)


def _quiet(value: float, now: int) -> float:
    """A total nearer to the quota than a rounding unit is the quota."""
    return float(now) if abs(value - now) <= NEAR else float(value)


def concerns(block: Block, r: int) -> Bools:
    """Which rows of a block are about totals that hold cells of the rep, shape (rows,)."""
    grouping = block.expression.grouping
    side = np.unravel_index(block.keep, grouping.shape)[0]
    return np.asarray(side == grouping.codes[0][r])


def closest(case: Case, r: int) -> tuple[Ints, bool]:
    """The three reps most like a rep in what drives quotas, the nearest first; and whether they share a peer group.

    Distance is Euclidean over logarithms of capacity, potential and last year's sales and over presence, each divided
    by its standard deviation over all reps. Peers are taken from the rep's own group when it has three others.
    """
    problem, forecast = case.problem, case.forecast
    amounts = [problem.capacity.by("rep"), forecast.rep_mean, forecast.last_year.sum(axis=(1, 2))]
    drivers = np.column_stack([*(np.log1p(np.maximum(a, 0.0)) for a in amounts), problem.presence])
    spread = drivers.std(axis=0)
    scaled = np.divide(drivers, spread, out=np.zeros_like(drivers), where=spread > 0)
    distance = np.round(np.linalg.norm(scaled - scaled[r], axis=1), 9)
    group = problem.index.reps[PEER_GROUP].to_numpy()
    same = (group == group[r]) & (problem.capacity.by("rep") > 0)
    same[r] = False
    own = int(same.sum()) >= CLOSEST
    others = np.arange(len(group)) != r
    order = np.argsort(np.where(same if own else others, distance, np.inf), kind="stable")
    return order[: min(CLOSEST, int(others.sum()))], own


def peer_table(case: Case, r: int, peers: Ints) -> pd.DataFrame:
    """The rep and the peers side by side, peers to two digits and by letter; columns `columns.why.PEERS`."""
    problem, unit = case.problem, float(case.problem.unit)
    who = np.array([r, *peers])
    capacity = problem.capacity.by("rep")[who]
    stretch = np.divide(case.totals[who], capacity, out=np.full(who.size, np.nan), where=capacity > 0)
    amounts = (problem.last_year.by("rep")[who], capacity, case.totals[who].astype(float))
    last, carried, quota = (np.append(a[:1], _blur(a[1:])) * unit for a in amounts)
    table = {"peer": ["you", *"ABC"[: len(peers)]], "last_year": last, "capacity": carried, "quota": quota,
             "presence": problem.presence[who], "stretch": stretch}  # fmt: skip
    return shape(pd.DataFrame(table), c.PEERS)


def _blur(values: Floats) -> Floats:
    """To two significant digits, so that nobody's exact number is told."""
    size = np.floor(np.log10(np.where(values > 0, values, 1.0)))
    step = 10.0 ** (size - DIGITS + 1)
    return np.asarray(np.rint(values / step) * step)
