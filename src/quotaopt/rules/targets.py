"""Rules that fix totals: the company's target, those of its nodes, the mix of products."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np

from quotaopt.optimize.rows import Rows, Total
from quotaopt.problem import Floats, NodeTarget, Problem
from quotaopt.rules._registry import rule

Money = Mapping[str, Decimal]
Range = tuple[Decimal, Decimal]


@rule
def meet_target(problem: Problem, total: Total) -> Iterator[Rows]:
    """Quotas add up to the target plus overassignment."""
    yield total().equals(problem.target)


@rule
def meet_region_target(
    problem: Problem,
    total: Total,
    *,
    by: str = "region",
    values: dict[str, Decimal] = {},  # noqa: B006 - read only; the default is what the reference shows
    shares: dict[str, Decimal] = {},  # noqa: B006
    ranges: dict[str, Range] = {},  # noqa: B006
) -> Iterator[Rows]:
    """Quotas of each region (or any other node of the roster) meet its own target.

    Parameters
    ----------
    by : attribute of the rep whose groups have targets.
    values : target of a group in money, before overassignment.
    shares : share of the company's quota.
    ranges : lowest and highest, as shares when both are at most 1, else in money before overassignment.
    """
    yield from _node_rows(problem, total, by, values, shares, ranges)


@rule
def meet_node_targets(problem: Problem, total: Total) -> Iterator[Rows]:
    """Quotas below each node of the tree add up to the node's target (`[targets]`, `data.nodes`), raised by its hedges.

    Targets may be of one product, month or quarter. Stated by itself where a scenario gives targets of nodes.
    """
    shapes: dict[tuple[str, ...], list[NodeTarget]] = {}
    for node in problem.nodes:
        shapes.setdefault(node.by, []).append(node)
    for by, nodes in shapes.items():
        expression = total(*by)
        value = np.full(expression.grouping.size, np.nan)
        value[[node.row for node in nodes]] = [node.value for node in nodes]
        yield replace(expression.equals(value), sources={node.row: node.source for node in nodes})


@rule
def product_mix(
    problem: Problem,
    total: Total,
    *,
    by: str = "product",
    values: dict[str, Decimal] = {},  # noqa: B006
    shares: dict[str, Decimal] = {},  # noqa: B006
    ranges: dict[str, Range] = {},  # noqa: B006
) -> Iterator[Rows]:
    """Products or families carry their value, their share of the company's quota, or a range of either.

    Parameters
    ----------
    by : ``product`` or ``family``.
    values : target of a product in money, before overassignment.
    shares : share of the company's quota.
    ranges : lowest and highest, as shares when both are at most 1, else in money before overassignment.
    """
    yield from _node_rows(problem, total, by, values, shares, ranges)


def _node_rows(
    problem: Problem, total: Total, by: str, values: Money, shares: Money, ranges: Mapping[str, Range]
) -> Iterator[Rows]:
    """Exact rows for `values` and `shares`, interval rows for `ranges`."""
    raised = problem.units(1 + problem.overassignment)
    asked = {name: value * raised for name, value in values.items()}
    asked |= {name: share * problem.without_relief for name, share in shares.items()}
    if problem.relief is not None:
        off = dict(zip(problem.group(by).labels, problem.group(by).sum(problem.relief).tolist(), strict=True))
        asked = {name: value - Decimal(off.get(name, 0.0)) for name, value in asked.items()}
    if asked:
        yield total(by).equals(whole_units(problem, problem.named(by, asked, None)))
    if ranges:
        factor = {name: Decimal(problem.target) if max(pair) <= 1 else raised for name, pair in ranges.items()}
        limits = {name: [float(v * factor[name]) for v in pair] for name, pair in ranges.items()}
        low, high = np.array(problem.named(by, limits, [-np.inf, np.inf])).T
        yield total(by).between(low, high)


def whole_units(problem: Problem, asked: list[Decimal | None]) -> Floats:
    """Exact amounts in whole rounding units; nan where nothing is asked.

    When the amounts add up to the company's quota, so do the whole ones: the largest remainders are rounded up
    (Hamilton's method; ties by label). Otherwise each is rounded to the nearest unit.
    """
    given = [a for a in asked if a is not None]
    out = [None if a is None else a.to_integral_value(ROUND_HALF_EVEN) for a in asked]
    if len(given) == len(asked) and abs(sum(given, Decimal(0)) - problem.target) <= Decimal("0.5"):
        floors = [a // 1 for a in given]
        missing = int(problem.target - sum(floors, Decimal(0)))
        order = sorted(range(len(given)), key=lambda k: floors[k] - given[k])
        out = [f + (order.index(k) < missing) for k, f in enumerate(floors)]
    return np.array([np.nan if a is None else float(a) for a in out])
