"""The tree of the roster: does each level nest in the one above, and are nodes called by names that exist."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from quotaopt.errors import Finding, nearest, split_place
from quotaopt.settings.tree import COMPANY, Tree
from quotaopt.tables.checks import check_known
from quotaopt.tables.sheet import Sheet

if TYPE_CHECKING:
    from quotaopt.scenario import Scenario

ALL = "all"
"""What the one node of the level company is called."""


def node_names(frame: pd.DataFrame, levels: Sequence[str], paths: bool) -> pd.DataFrame:
    """The node of each row of the roster at each level: the cell, or with `paths` all cells from the top down to it."""
    made = frame[list(levels)].astype(str)
    for above, level in itertools.pairwise(levels):
        if paths:
            made[level] = made[above] + "/" + made[level]
    return made


def check_tree(scenario: Scenario, sheets: Mapping[str, Sheet], products: Collection[str]) -> None:
    """Report levels the roster lacks or leaves empty, nodes under two parents, and targets of unknown nodes."""
    tree, roster = scenario.settings.tree, sheets["roster"]
    for key, levels in (("levels", tree.levels), ("cross", tree.cross)):
        missing = [level for level in levels if not roster.has(level)]
        roster.findings += _missing(scenario, key, missing, roster)
        for level in set(levels) - set(missing):
            empty = roster.rows_where(level, lambda text: not text)
            remedy = f"Fill it in, or leave {level} out of tree.{key}."
            roster.report(empty, level, "empty, but a level of the tree", remedy, code="empty-cell")
        if not missing and not tree.paths:
            for above, level in itertools.pairwise(levels):
                _check_nesting(roster, above, level)
    if all(roster.has(level) for level in (*tree.levels, *tree.cross)):
        known = known_nodes(roster.frame, tree)
        roster.findings += _unknown_targets(scenario, known)
        _name_levels(sheets["nodes"], roster)
        _check_nodes(scenario, sheets["nodes"], known, products)


def known_nodes(frame: pd.DataFrame, tree: Tree) -> dict[str, set[str]]:
    """The names of the nodes of every level of both trees, the company among them."""
    both = [node_names(frame, levels, tree.paths) for levels in (tree.levels, tree.cross)]
    return {COMPANY: {ALL}} | {str(level): set(map(str, names[level])) for names in both for level in names}


def _missing(scenario: Scenario, key: str, levels: Sequence[str], roster: Sheet) -> Iterator[Finding]:
    columns = [*map(str, roster.frame)]
    for level in levels:
        near = roster.ours(level) or nearest(level, columns)
        remedy = f"Did you mean {near!r}?" if near else f"Columns: {', '.join(columns)}."
        place = split_place(scenario.source("tree", key))
        yield Finding("no such column in the roster", remedy, *place, f"tree.{key}", level, code="tree")


def _name_levels(nodes: Sheet, roster: Sheet) -> None:
    """Levels may be called as the roster's own headers call them, and the company 公司 too."""
    if nodes.has("level"):
        known = dict.fromkeys(("公司", "全公司"), COMPANY)
        nodes.frame["level"] = nodes.convert("level", lambda text: known.get(text) or roster.ours(text) or text)


def _check_nesting(roster: Sheet, above: str, level: str) -> None:
    """Report the first row in which a node lies under another parent than before."""
    nodes, parents = (roster.frame[name].astype(str).to_numpy() for name in (level, above))
    _, first, which = np.unique(nodes, return_index=True, return_inverse=True)
    apart = np.flatnonzero((parents != parents[first[which]]) & (nodes != ""))
    _, once = np.unique(which[apart], return_index=True)

    def what(row: int, _text: str) -> str:
        original = int(first[which[row]])
        return (
            f"in {above} {parents[row]} here, in {above} {parents[original]} on line {roster.line[original]}: "
            f"a {level} lies in one {above}"
        )

    remedy = "Rename one, or set tree.paths = true and call it by its path."
    roster.report(np.sort(apart[once]), level, what, remedy, code="tree")


def _unknown_targets(scenario: Scenario, known: Mapping[str, set[str]]) -> Iterator[Finding]:
    """Nodes under ``[targets]`` that no row of the roster has."""
    for level, values in scenario.settings.targets.items():
        for node in values:
            if node not in known[level]:
                near = nearest(node, known[level])
                remedy = f"Did you mean {near!r}?" if near else f"Known: {', '.join(sorted(known[level]))}."
                place = split_place(scenario.source("targets", level, node))
                yield Finding("no such node in the roster", remedy, *place, f"targets.{level}", node, code="node")


def _check_nodes(scenario: Scenario, nodes: Sheet, known: Mapping[str, set[str]], products: Collection[str]) -> None:
    """Report rows of the table of node targets whose level, node, product or period the plan does not have."""
    if not nodes.has("level", "node"):
        return
    levels, names = nodes.frame["level"].to_numpy(), nodes.frame["node"].to_numpy()
    strange = [row for row, level in enumerate(levels) if level and level not in known]
    nodes.report(strange, "level", "no level of the tree", f"Known: {', '.join(known)}.", code="level")
    unknown = [r for r, pair in enumerate(zip(levels, names, strict=True)) if pair[1] not in known.get(pair[0], names)]

    def advise(row: int, text: str) -> str:
        near = nearest(text, known[levels[row]])
        return f"Did you mean {near!r}?" if near else f"Known: {', '.join(sorted(known[levels[row]]))}."

    nodes.report(unknown, "node", "no such node in the roster", advise, code="node")
    check_known(nodes, "product_id", products, "the products", "Add the product there.")
    months = scenario.settings.months
    quarters = sorted({quarter_of(month) for month in months})
    for column, periods in (("month", months), ("quarter", quarters)):
        if nodes.has(column):
            given = nodes.frame[column].to_numpy(dtype=str)
            outside = np.flatnonzero((given != "") & ~np.isin(given, periods))
            span = f"It runs from {periods[0]} to {periods[-1]}."
            nodes.report(outside, column, "outside the plan", span, code="months")
    if nodes.has("month", "quarter"):
        both = np.flatnonzero((nodes.frame["month"] != "") & (nodes.frame["quarter"] != ""))
        nodes.report(both, "quarter", "a month is given too", "Give one of the two.", code="months")


def quarter_of(month: str) -> str:
    """The quarter a month lies in: ``2027-02`` in ``2027-Q1``."""
    return f"{month[:4]}-Q{(int(month[5:7]) + 2) // 3}"
