"""Before anything is solved: is more asked than can be sold? Limits against sums of capacity, coarsest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from quotaopt.errors import Finding, split_place
from quotaopt.forecast.notes import list_names
from quotaopt.optimize.statement import Block
from quotaopt.problem import Floats, Problem

if TYPE_CHECKING:
    from quotaopt.capacity import Capacity

CLOSE = 1e-9  # of a capacity: rounding


def check_capacity(problem: Problem, blocks: Sequence[Block], capacity: Capacity) -> Iterator[Finding]:
    """The first level at which quotas must be higher than capacity, and what is left of it when people leave.

    A level is what a rule totals: the company, regions, products, … Only hard limits of plain totals are compared.
    """
    asked = [b for b in blocks if b.expression.plain and b.use.hard]
    for block in sorted(asked, key=lambda b: b.expression.grouping.size):
        grouping = block.expression.grouping
        room = problem.capacity.by(*grouping.by)[block.keep]
        short = np.flatnonzero(block.lower > room * (1 + CLOSE) + 0.5)
        if short.size:
            yield _too_much(problem, block, room, short.tolist())
            break
    if capacity.after_leaving is not None:
        yield _leaving(problem, float(capacity.expected.sum()), float(capacity.after_leaving.sum()))


def _too_much(problem: Problem, block: Block, room: Floats, short: list[int]) -> Finding:
    """Words for the nodes of one level where more is asked than can be sold, the worst first."""
    unit = float(problem.unit)
    worst = sorted(short, key=lambda k: room[k] - block.lower[k])
    parts = [
        f"{_node(block, k)} {block.lower[k] * unit:,.0f} against {room[k] * unit:,.0f}, "
        f"{(block.lower[k] - room[k]) * unit:,.0f}{_share(block.lower[k], room[k])} more"
        for k in worst
    ]
    what = f"more is asked than forecast: {list_names(parts)}"
    remedy = "Lower the target, add reps, or accept that reps are asked for more than can be expected."
    return Finding(what, remedy, *split_place(block.source(worst[0])), severity="warning", code="over_capacity")


def _node(block: Block, k: int) -> str:
    return block.scope(k) if block.expression.grouping.by else "the company"


def _share(asked: float, room: float) -> str:
    return f" ({asked / room - 1:.1%})".replace("%", " %") if room > 0 else ""


def _leaving(problem: Problem, expected: float, left: float) -> Finding:
    """What the company sells when people leave as ``[attrition]`` says."""
    asked = problem.target * float(problem.unit)
    what = (
        f"with people leaving as [attrition] says, the company sells {left:,.0f}"
        f" ({left / max(expected, 1e-9) - 1:+.1%}), against quotas of {asked:,.0f}"
    ).replace("%", " %")
    return Finding(what, "No rep's quota counts on it.", severity="warning", code="attrition")
