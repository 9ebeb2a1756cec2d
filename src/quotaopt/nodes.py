"""Targets of nodes: do they agree with each other and with the hedges, and what are they in whole units.

A node's own number is what it answers for to the level above; its *street* number, the sum of the quotas below it, is
that number raised by its own hedge and those of all levels below. Children add up to (1 + hedge) × their parent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import scipy.sparse as sp

from quotaopt import columns as c
from quotaopt.errors import Finding, split_place
from quotaopt.optimize.rounding import round_within
from quotaopt.problem import Floats, Index, NodeTarget
from quotaopt.settings.tree import COMPANY
from quotaopt.tables.nested import ALL
from quotaopt.text import counted
from quotaopt.tree import Branch, levels_of, make_branches

if TYPE_CHECKING:
    from quotaopt.scenario import Scenario
    from quotaopt.tables import Inputs

__all__ = ["Key", "Target", "check_targets", "given_targets", "levels_of", "node_targets", "quota_total"]

HALF = Decimal("0.5")


class Key(NamedTuple):
    """What a target is of; an empty product or period means all of them."""

    level: str
    node: str
    product: str = ""
    period: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, self))


WHOLE = Key(COMPANY, ALL)


class Target(NamedTuple):
    """A target in money as it was given, and its street number in rounding units, exactly."""

    money: Decimal
    street: Decimal
    source: str


@dataclass(frozen=True)
class Tie:
    """Targets that have to agree: `parts` add up to `whole`, or when not `complete` to no more than it.

    `raised` is what the numbers of the parts are above that of the whole, `named` what the parts are.
    """

    whole: tuple[Key, ...]
    parts: tuple[Key, ...]
    complete: bool
    raised: Decimal
    factor: Decimal
    named: str


def quota_total(target: Decimal, overassignment: Decimal, unit: Decimal) -> int:
    """Target × (1 + overassignment) in whole rounding units, nearest."""
    return int((target * (1 + overassignment) / unit).to_integral_value(ROUND_HALF_EVEN))


def node_targets(scenario: Scenario, inputs: Inputs, index: Index, relief: Floats | None = None) -> list[NodeTarget]:
    """Every target of a node in whole units, such that targets that agree still do (controlled rounding).

    Parameters
    ----------
    relief : quota that nobody carries, units, shape of the index: it is taken off each node it belongs to.
    """
    settings, branches = scenario.settings, make_branches(scenario.settings, index.reps)
    given = given_targets(scenario, inputs, branches)
    total = quota_total(settings.target * settings.unit, settings.all_hedges, settings.rounding.to)
    if relief is not None:
        total -= round(float(relief.sum()))
        given = {key: _relieve(target, branches, index, key, relief) for key, target in given.items()}
    units = _whole_units(given, [tie for tie in _ties(branches, given, index) if tie.complete], total)
    return [
        NodeTarget(*_row_of(branches, index, key), units[key], target.source)
        for key, target in given.items()
        if key != WHOLE and _is_there(branches, key)
    ]


def _relieve(target: Target, branches: Sequence[Branch], index: Index, key: Key, relief: Floats) -> Target:
    """A target without what nobody below it carries."""
    if key == WHOLE or not _is_there(branches, key):
        return target
    by, row = _row_of(branches, index, key)
    off = float(index.group(*by).sum(relief)[row])
    return target._replace(street=max(target.street - Decimal(off), Decimal(0)))


def given_targets(scenario: Scenario, inputs: Inputs, branches: Sequence[Branch]) -> dict[Key, Target]:
    """Every target a scenario gives: of the company, under ``[targets]``, and in ``data.nodes`` (which comes last)."""
    settings = scenario.settings
    factor = {level: f for branch in branches for level, f in zip(branch.levels, branch.factors, strict=True)}

    def target(level: str, money: Decimal, source: str) -> Target:
        return Target(money, money * factor[level] / settings.rounding.to, source)

    found = {WHOLE: target(COMPANY, settings.target * settings.unit, scenario.source("target"))}
    for level, values in settings.targets.items():
        for node, value in values.items():
            source = scenario.source("targets", level, node)
            found[Key(level, node)] = target(level, value * settings.unit, source)
    table = inputs.more.get("nodes")
    for row in [] if table is None else table.itertuples(index=False):
        key = Key(str(row.level), str(row.node), str(row.product_id), str(row.month or row.quarter))
        if key not in found or key != WHOLE:
            found[key] = target(key.level, row.target, str(row.source))  # type: ignore[arg-type]
    return found


def check_targets(scenario: Scenario, inputs: Inputs, index: Index) -> Iterator[Finding]:
    """Targets that cannot agree with each other or with the hedges, and which nodes of a level have none."""
    branches = make_branches(scenario.settings, index.reps)
    given = given_targets(scenario, inputs, branches)
    if len(given) == 1:
        return
    yield from _given_twice(scenario, inputs, given)
    for key, target in given.items():
        if not _is_there(branches, key):
            what, remedy = f"nobody of this plan is in {key.level} {key.node}", "Take its target out."
            yield Finding(what, remedy, *split_place(target.source), "target", code="node")
    unit = scenario.settings.unit
    for tie in _ties(branches, given, index):
        whole, parts = (sum((given[k].street for k in keys), Decimal(0)) for keys in (tie.whole, tie.parts))
        if parts - whole > HALF or (tie.complete and whole - parts > HALF):
            scale = scenario.settings.rounding.to / tie.factor / unit
            yield _disagreement(tie, given, whole * scale, parts * scale, unit)
    for branch in branches:
        yield from _not_set(branch, given)


def _is_there(branches: Sequence[Branch], key: Key) -> bool:
    """Whether a rep of the plan lies in this node; all of them may be left out of it."""
    return any(
        key.node in names
        for b in branches
        for level, names in zip(b.levels, b.names, strict=True)
        if level == key.level
    )


def _given_twice(scenario: Scenario, inputs: Inputs, given: Mapping[Key, Target]) -> Iterator[Finding]:
    """Targets that stand in the table as well as in the scenario."""
    table, settings = inputs.more["nodes"], scenario.settings
    for row in table[(table["product_id"] == "") & (table["month"] == "") & (table["quarter"] == "")].itertuples():
        level, node = str(row.level), str(row.node)
        source = scenario.source("targets", level, node)
        if level == COMPANY and row.target != settings.target * settings.unit:
            what, remedy = f"the target is {settings.target:,f} ({given[WHOLE].source})", "Write one of the two."
            amount = f"{row.target / settings.unit:f}"  # type: ignore[operator]
            yield Finding(what, remedy, *split_place(str(row.source)), "target", amount, code="node")
        elif node in settings.targets.get(level, {}):
            what = f"{level} {node} has a target on {source} too"
            yield Finding(what, "Write it in one place.", *split_place(str(row.source)), "target", code="node")


def _ties(branches: Sequence[Branch], given: Mapping[Key, Target], index: Index) -> Iterator[Tie]:
    """Everything the targets given have to agree in: down both trees, over products, over months and quarters."""
    for product, period in sorted({(key.product, key.period) for key in given}):
        covers = []
        for branch in branches:
            yield from _tree_ties(branch, given, product, period)
            parts, complete = _below(branch, given, 0, 0, product, period)
            covers += [parts] if parts and complete else []
        if len(covers) == 2 and Key(COMPANY, ALL, product, period) not in given:
            factor = branches[0].factors[0] / (1 + branches[0].hedges[0])
            yield Tie(covers[0], covers[1], True, Decimal(1), factor, f"{branches[1].levels[1]} targets")
    factor_of = {level: f for branch in branches for level, f in zip(branch.levels, branch.factors, strict=True)}
    for key in given:
        for named, within in _splits(key, index):
            if parts := tuple(part for part in within if part in given):
                yield Tie((key,), parts, len(parts) == len(within), Decimal(1), factor_of[key.level], named)


def _splits(key: Key, index: Index) -> Iterator[tuple[str, list[Key]]]:
    """The same node's targets that a target is the sum of: those by product, by month, by quarter."""
    quarter = dict(zip(map(str, index.months.index), index.months[c.QUARTER], strict=True))
    if not key.product:
        yield "targets by product", [key._replace(product=str(p)) for p in index.products.index]
    if months := [month for month, q in quarter.items() if key.period in ("", q)]:
        yield "targets by month", [key._replace(period=month) for month in months]
    if not key.period:
        yield "targets by quarter", [key._replace(period=q) for q in dict.fromkeys(quarter.values())]


def _tree_ties(branch: Branch, given: Mapping[Key, Target], product: str, period: str) -> Iterator[Tie]:
    """Each node with a target and the nearest targets below it."""
    for depth, level in enumerate(branch.levels[:-1]):
        for node, name in enumerate(branch.names[depth]):
            if (key := Key(level, name, product, period)) in given:
                found = [_below(branch, given, depth + 1, k, product, period) for k in branch.below[depth][node]]
                parts = tuple(part for some, _ in found for part in some)
                if parts:
                    complete = all(whole for _, whole in found)
                    named = f"{branch.levels[depth + 1]} targets"
                    yield Tie((key,), parts, complete, 1 + branch.hedges[depth], branch.factors[depth + 1], named)


def _below(
    branch: Branch, given: Mapping[Key, Target], depth: int, node: int, product: str, period: str
) -> tuple[tuple[Key, ...], bool]:
    """The targets that make up a node: its own, or the nearest ones below; and whether they cover all of it."""
    key = Key(branch.levels[depth], branch.names[depth][node], product, period)
    if key in given:
        return (key,), True
    if depth + 1 == len(branch.levels):
        return (), False
    found = [_below(branch, given, depth + 1, k, product, period) for k in branch.below[depth][node]]
    return tuple(part for parts, _ in found for part in parts), all(whole for _, whole in found)


def _disagreement(tie: Tie, given: Mapping[Key, Target], whole: Decimal, parts: Decimal, unit: Decimal) -> Finding:
    """Node, parent, sum and difference in one sentence; amounts as the scenario writes them."""
    key = tie.whole[0]
    hedge = f" ({given[key].money / unit:,f} × {tie.raised:f})" if tie.raised != 1 else ""
    other = f"those of the {key.level}s to" if len(tie.whole) > 1 else "asked are"
    what = (
        f"{'' if len(tie.whole) > 1 else f'{key}: '}the {tie.named} add up to {_show(parts)}, "
        f"{other} {_show(whole)}{hedge}: {_show(abs(parts - whole))} too {'much' if parts > whole else 'little'}"
    )
    remedy = "Change one of them" + (", or the hedge." if tie.raised != 1 else ".")
    source = next((s for k in (*tie.parts, key) if (s := given[k].source)), "")
    return Finding(what, remedy, *split_place(source), "target", code="node-sum")


def _show(amount: Decimal) -> str:
    text = f"{round(amount, 2):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _not_set(branch: Branch, given: Mapping[Key, Target]) -> Iterator[Finding]:
    """For each level where some nodes have a target a warning with the names of those that have none."""
    for depth, level in enumerate(branch.levels[1:], start=1):
        set_here = [Key(level, name) for name in branch.names[depth] if Key(level, name) in given]
        open_ = [name for k, name in enumerate(branch.names[depth]) if not _below(branch, given, depth, k, "", "")[1]]
        if set_here and open_:
            what = f"{level}: target not set for {', '.join(open_)}"
            about = f"The plan decides there; {counted(len(set_here), 'other target')} given."
            place = split_place(given[set_here[0]].source)
            yield Finding(what, about, *place, severity="warning", code="node-open")


def _whole_units(given: Mapping[Key, Target], ties: Sequence[Tie], total: int) -> dict[Key, int]:
    """Each street number down or up to a whole unit, so that ties hold; where that cannot be, the nearest."""
    keys = [key for key in given if key != WHOLE]
    floors = {key: int(given[key].street.to_integral_value(ROUND_FLOOR)) for key in keys} | {WHOLE: total}
    at = {key: k for k, key in enumerate(keys)}
    rest = np.array([float(given[key].street - floors[key]) for key in keys])
    entries, missing = [], []
    for row, tie in enumerate(ties):
        signed = [*((key, 1.0) for key in tie.parts), *((key, -1.0) for key in tie.whole)]
        missing.append(-sum(int(sign) * floors[key] for key, sign in signed))
        entries += [(sign, row, at[key]) for key, sign in signed if key != WHOLE]
    if not keys:
        return floors
    value, row_of, column = (np.array(k) for k in zip(*entries, strict=True)) if entries else (np.empty(0),) * 3
    rows = sp.csr_array((value, (row_of.astype(int), column.astype(int))), shape=(len(ties), len(keys)))
    limit = np.array(missing, dtype=np.float64)
    found = round_within(rest, rows, limit, limit)
    if found is None:
        return {key: int(given[key].street.to_integral_value(ROUND_HALF_EVEN)) for key in keys}
    return {key: floors[key] + int(up) for key, up in zip(keys, found, strict=True)}


def _row_of(branches: Sequence[Branch], index: Index, key: Key) -> tuple[tuple[str, ...], int]:
    """The grouping a target is a sub-total of, and the number of its row there."""
    branch = next(b for b in branches if key.level in b.levels)
    depth = branch.levels.index(key.level)
    rep = int(np.flatnonzero(branch.of_rep[depth] == branch.names[depth].index(key.node))[0])
    product = [*index.products.index].index(key.product) if key.product else 0
    quarter = key.period in set(index.months[c.QUARTER])
    months = index.months[c.QUARTER].to_numpy() if quarter else index.months.index.to_numpy()
    month = int(np.flatnonzero(months == key.period)[0]) if key.period else 0
    by = (
        *branch.by[depth],
        *([c.PRODUCT] if key.product else []),
        *([c.QUARTER if quarter else c.MONTH] if key.period else []),
    )
    grouping = index.group(*by)
    cell = [int(codes[k]) for codes, k in zip(grouping.codes, (rep, product, month), strict=True)]
    return by, int(np.ravel_multi_index(cell, grouping.shape))
