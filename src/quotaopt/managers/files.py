"""A plan handed out: one file for each node of a level, with its own subtree and nothing from above."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd

from quotaopt.archive import Run
from quotaopt.case import open_run
from quotaopt.errors import Finding, InputError, UnknownNameError
from quotaopt.managers.books import write_manager_book
from quotaopt.money import money_text
from quotaopt.nodes import Key, given_targets
from quotaopt.optimize.rounding import largest_remainder
from quotaopt.scenario import Scenario
from quotaopt.settings.tree import Tree
from quotaopt.tables import write_csv
from quotaopt.tables.catalogue import TABLES
from quotaopt.tables.nested import node_names
from quotaopt.tables.schema import Field, Kind, Table
from quotaopt.templates import Language, heading
from quotaopt.tree import make_branches

CELL = ["rep_id", "product_id", "period"]
LIMITS = "A quota is zero or more."
MANAGER_FILE = Table(
    "manager file",
    (
        Field("run_id", aliases="运行编号", required=True),
        Field("level", aliases="层级", required=True),
        Field("node", aliases="节点", required=True),
        Field("rep_id", aliases="工号", required=True),
        Field("rep_name", aliases="姓名"),
        Field("product_id", aliases="产品", required=True),
        Field("month", Kind.MONTH, "月份", required=True),
        Field("plan", Kind.NUMBER, "自有目标"),
        Field("quota", Kind.NUMBER, "指标", required=True),
        Field("quota_new", Kind.NUMBER, "新指标", low=0, limits=LIMITS),
        Field("reason", aliases="原因"),
    ),
    key=("rep_id", "product_id", "month"),
    remedy="Each quota may stand in one file only.",
)


@dataclass(frozen=True, eq=False)
class HandOut:
    """The quotas of a run by the nodes of one level.

    Attributes
    ----------
    level : the column of the roster, or level of the tree, whose nodes they are.
    quotas : one row for each quota: rep_id, rep_name, product_id, period, units (whole rounding units), node, locked,
        baseline.
    plan : the own number of each node in rounding units: its quotas without the hedges from here down.
    """

    run: Run
    scenario: Scenario
    level: str
    quotas: pd.DataFrame
    plan: dict[str, int]

    @property
    def unit(self) -> Decimal:
        """Money in one rounding unit."""
        return Decimal(self.scenario.settings.rounding.to)

    @property
    def street(self) -> dict[str, int]:
        """What the quotas of each node add up to, in rounding units."""
        return {str(node): int(n) for node, n in self.quotas.groupby("node")["units"].sum().items()}


def open_handout(run: Run, project: Path, level: str = "") -> HandOut:
    """The quotas of a run by the nodes of a level: of the lowest one of the tree where none is named.

    Without a tree they are handed out by manager.

    Raises
    ------
    InputError
        If the data have changed since the run.
    UnknownNameError
        If the roster has no such column.
    NoPlanError
        If the run has no quotas.
    """
    quotas = run.table("quotas")
    case = open_run(run, project)
    scenario, inputs, tree = case.scenario, case.inputs, case.scenario.settings.tree
    chosen = level or (tree.levels[-1] if tree.levels else "manager")
    chosen = TABLES["roster"].named(chosen) or chosen if chosen not in inputs.roster else chosen
    if chosen not in inputs.roster:
        raise UnknownNameError("column of the roster", chosen, map(str, inputs.roster.columns))
    settings = scenario.settings
    if chosen not in (*tree.levels, *tree.cross):  # a column beside the tree is a tree of its own
        beside = Tree(levels=tree.levels or [chosen], cross=[chosen] if tree.levels else [], paths=tree.paths)
        settings = settings.model_copy(update={"tree": beside})
    reps = inputs.roster.set_index("rep_id").sort_index()
    branch = next(b for b in make_branches(settings, reps) if chosen in b.levels)
    depth = branch.levels.index(chosen)
    of_rep = dict(zip(reps.index, node_names(reps, branch.levels[1:], settings.tree.paths)[chosen], strict=True))
    unit, factor = Decimal(settings.rounding.to), branch.factors[depth]
    table = quotas[[*CELL, "rep_name", "locked", "baseline"]].assign(
        units=np.rint(quotas["quota"] / float(unit)).astype(np.int64), node=quotas["rep_id"].map(of_rep)
    )
    given = given_targets(scenario, inputs, make_branches(scenario.settings, reps))
    plan = {}
    for node, street in table.groupby("node")["units"].sum().items():
        target = given.get(Key(chosen, str(node)))
        plan[str(node)] = round(target.money / unit if target else int(street) / factor)
    return HandOut(run, scenario, chosen, table, plan)


def write_manager_files(handout: HandOut, folder: Path, book: bool = False, language: Language = "en") -> list[Path]:
    """Write one file for each node: own and street numbers, an empty ``quota_new`` and ``reason`` to fill in.

    Parameters
    ----------
    book : write workbooks instead of CSV files.
    language : of the headings.

    Raises
    ------
    InputError
        If one of the files is there already: it may hold somebody's changes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = dict(zip(handout.plan, _paths(folder, handout.plan, ".xlsx" if book else ".csv"), strict=True))
    if there := [path for path in paths.values() if path.exists()]:
        remedy = "Name another folder, or take the files away."
        raise InputError([Finding("is there already", remedy, file=str(path), code="file") for path in there])
    for node, path in paths.items():
        table = manager_table(handout, node)
        headings = [heading(MANAGER_FILE.field(str(name)), language) for name in table]
        if book:
            mine = handout.quotas[handout.quotas["node"] == node].sort_values(CELL)
            free = (~mine["locked"].astype(bool) & (mine["baseline"] > 0)).tolist()
            own = float(handout.plan[node] * handout.unit)
            write_manager_book(path, table, headings, free, own, language)
        else:
            write_csv(table.set_axis(headings, axis=1), path, handout.scenario.settings.output.csv_encoding)
    return [*paths.values()]


def manager_table(handout: HandOut, node: str) -> pd.DataFrame:
    """What one manager gets; the own number of the node is shared out like its quotas."""
    mine = handout.quotas[handout.quotas["node"] == node].sort_values(CELL)
    units = mine["units"].to_numpy()
    own = units * (handout.plan[node] / max(int(units.sum()), 1))
    shared = largest_remainder(own[None, :], np.array([handout.plan[node]]))[0]
    return pd.DataFrame({
        "run_id": handout.run.id,
        "level": handout.level,
        "node": node,
        "rep_id": mine["rep_id"],
        "rep_name": mine["rep_name"],
        "product_id": mine["product_id"],
        "month": mine["period"],
        "plan": money_text(shared, handout.unit),
        "quota": money_text(units, handout.unit),
        "quota_new": "",
        "reason": "",
    })  # fmt: skip


def _paths(folder: Path, nodes: dict[str, int], suffix: str) -> Iterator[Path]:
    """A file for each node, called like it; names that differ only in what files cannot be called get a number."""
    taken: set[str] = set()
    for node in nodes:
        stem = name = re.sub(r"[^\w .-]", "-", node).strip(" .") or "unnamed"
        number = 2
        while name.casefold() in taken:
            name, number = f"{stem}-{number}", number + 1
        taken.add(name.casefold())
        yield folder / f"{name}{suffix}"
