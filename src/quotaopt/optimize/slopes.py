"""How fair levels follow their limits: exact slopes from the structure of a filling, without filling again.

A block of items stands at its level because an inequality of the pool, or a limit of one column, is an equation:

    sum over blocks j of slope[k, j] * level[j]  =  total[k] - what stopped items of its columns have

where ``slope[k, j]`` adds up weight × scale of the items of block j. One more of a limit changes a total by its
multiplier in the inequality, and an item it stops by one. So one system, triangular when blocks come in the order they
were settled, has the change of every level by every limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from quotaopt.optimize.bounds import LINK
from quotaopt.optimize.levels import Fair, Items, LevelBlock
from quotaopt.problem import Bools, Floats, Ints

STILL = 1e-3  # of a limit's step, shared by all items: an item that moves by less does not move
AT_ONCE = 20_000_000  # numbers in memory


@dataclass(frozen=True, order=True)
class Limit:
    """One limit of a rule row: its lower one, its upper one, or (of an equation) both."""

    row: int
    lower: bool
    upper: bool


def slopes(fair: Fair, items: Items, bounded: Items, group: Ints, equal: Bools) -> dict[Limit, float]:
    """Change of the highest level a limit moves, per unit (scaled) of it, for the limits that hold a level or an item.

    Parameters
    ----------
    fair : the filling of a pool; `items` with their own bounds, `bounded` with those of whole columns as well.
    group : column of each item, counted from 0.
    equal : rule rows that are equations.
    """
    blocks = sorted((b for b in fair.blocks if b.members.size), key=lambda b: b.cut >= 0)
    held = [_held(fair, block, bounded, group) for block in blocks]
    stopped, below = _stopped(fair, items)
    rows = np.concatenate([fair.stop[stopped], *(h.rows for h in held)])
    lower = np.concatenate([below, *(h.lower for h in held)]) | equal[rows]
    codes, place = np.unique(2 * rows + ~lower, return_inverse=True)
    own, theirs = np.split(place, [stopped.size])
    price, height = np.full(codes.size, np.nan), np.full(codes.size, -np.inf)
    if blocks and codes.size:
        gain = _matrix([h.gain for h in held], theirs, codes.size)
        price, height = _of_levels(items, group, blocks, held, gain, (stopped, own))
    alone = (fair.values[stopped] - items.offset[stopped]) / items.scale[stopped] > height[own]
    price[own[alone]], height[own[alone]] = 1.0 / items.scale[stopped[alone]], np.inf
    return {
        Limit(code // 2, not code % 2, bool(code % 2 or equal[code // 2])): float(price[k])
        for k, code in enumerate(codes.tolist())
        if height[k] > -np.inf
    }


@dataclass(frozen=True, eq=False)
class _Held:
    """What holds a block: ``weight @ sums of columns = total``, and what one more of each limit adds to the total."""

    columns: Ints
    weight: Floats
    rows: Ints
    lower: Bools
    gain: Floats


def _held(fair: Fair, block: LevelBlock, bounded: Items, group: Ints) -> _Held:
    if block.cut >= 0:
        cut = fair.pool[block.cut]
        gain = np.array(list(cut.rows.values()))
        return _Held(cut.columns, cut.weight, np.array(list(cut.rows), dtype=np.int64), gain > 0, gain)
    first, rows = block.members[:1], np.array(list(block.held_by), dtype=np.int64)
    lower = (bounded.lower_origin[first] == rows) & (fair.values[first] <= bounded.lower[first])
    return _Held(group[first], np.ones(1), rows, lower, np.ones(1))


def _stopped(fair: Fair, items: Items) -> tuple[Ints, Bools]:
    """Items that rest on a bound of their own, and whether it is the lower one."""
    below = (fair.stop == items.lower_origin) & (fair.values <= items.lower)
    above = (fair.stop == items.upper_origin) & (fair.values >= items.upper)
    stopped = np.flatnonzero((fair.stop != LINK) & (below | above))
    return stopped, below[stopped]


def _of_levels(
    items: Items,
    group: Ints,
    blocks: Sequence[LevelBlock],
    held: Sequence[_Held],
    gain: sp.csr_array,
    stopped: tuple[Ints, Ints],
) -> tuple[Floats, Floats]:
    """For each limit the change of the highest level that moves, and that level; -inf where none does.

    Parameters
    ----------
    gain : what one more of each limit adds to the total of each block's equation.
    stopped : items at an own bound, and the limit each rests on.
    """
    (items_at, limit), (_, n), width = stopped, gain.shape, int(group.max()) + 1
    weight = _matrix([h.weight for h in held], np.concatenate([h.columns for h in held]), width)
    scale = _matrix([items.scale[b.members] for b in blocks], group[np.concatenate([b.members for b in blocks])], width)
    rest = sp.csr_array((np.ones(limit.size), (group[items_at], limit)), shape=(width, n))
    more = sp.csc_array(gain - weight @ rest)
    price, height = np.full(n, np.nan), np.full(n, -np.inf)
    try:
        solve = splu(sp.csc_array(weight @ scale.T)).solve
    except RuntimeError:  # two equations say the same: no limit moves alone
        return price, height
    level = np.array([b.level for b in blocks])
    still = STILL / items.scale.size / np.array([items.scale[b.members].max() for b in blocks])
    for some in np.array_split(np.arange(n), n * len(blocks) // AT_ONCE + 1):
        change = solve(more[:, some].toarray())
        moved = np.where(np.abs(change) > still[:, None], level[:, None], -np.inf)
        top = moved.argmax(axis=0)
        price[some], height[some] = (values[top, np.arange(some.size)] for values in (change, moved))
    return price, height


def _matrix(values: Sequence[Floats], columns: Ints, width: int) -> sp.csr_array:
    """One row per entry of `values`; what falls into one place is added up."""
    row = np.repeat(np.arange(len(values)), [v.size for v in values])
    return sp.csr_array((np.concatenate(values), (row, columns)), shape=(len(values), width))
