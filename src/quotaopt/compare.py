"""What changed between runs: by rep, region, product, month, rule or solver; totals tie with the runs' own."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from quotaopt import columns as c
from quotaopt.archive import Run
from quotaopt.errors import UnknownNameError

LEVELS = {"rep": "rep", "region": "region", "product": "product", "month": "period"}
BY = (*LEVELS, "rule", "solver")
MEASURES = ["quota", "capacity", "stretch", "target"]
SAME = 1e-9  # relative: written numbers differ by a cent or not at all


def compare_runs(runs: Sequence[Run], by: str = "rep") -> pd.DataFrame:
    """Differences of every run against the first, longest change of quota first; only what changed.

    The columns are those of `columns.COMPARISON`. With more than two runs a first column ``run`` says which run
    `b` is. The rows by rep, region, product and month end with the total, key ``all``.

    Raises
    ------
    UnknownNameError
        If `by` is not one of `BY`.
    NoPlanError
        If a run has no quotas to compare.
    """
    if by not in BY:
        raise UnknownNameError("way to compare", by, BY)
    first = _long(runs[0], by)
    parts = [_differences(first, _long(run, by), by).assign(run=run.id) for run in runs[1:]]
    table = pd.concat(parts, ignore_index=True)
    names = [column.name for column in c.COMPARISON]
    return table[names] if len(runs) == 2 else table[["run", *names]]


def _long(run: Run, by: str) -> pd.DataFrame:
    """One value per key and measure, indexed so; the name of each key beside it."""
    table = run.table("totals")  # a run without a plan has nothing to compare
    if by in LEVELS:
        table = table[table["level"].isin([LEVELS[by], "all"])]
        return _melt(table.assign(key=table["key"].where(table["level"] != "all", "all")), ["key", "name"], MEASURES)
    if by == "rule":
        return _rules(run.table("rules"))
    goals = run.table("goals")
    names = goals["order"].astype(int).astype(str) + " " + goals["goal"]
    return _melt(
        goals.assign(key=names, name="").rename(columns={"value": "goal value"}), ["key", "name"], ["goal value"]
    )


def _rules(rules: pd.DataFrame) -> pd.DataFrame:
    """How many rows of each rule bind and by how much they are missed; and every single limit."""
    whole = rules.groupby("rule").agg(binding=("binding", "sum"), violation=("violation", "sum")).reset_index()
    single = rules.rename(columns={"rule": "key", "scope": "name"})
    return pd.concat([
        _melt(whole.rename(columns={"rule": "key", "binding": "rows binding"}).assign(name=""), ["key", "name"],
              ["rows binding", "violation"]),
        _melt(single, ["key", "name"], ["limit"]),
    ])  # fmt: skip


def _melt(table: pd.DataFrame, keys: list[str], measures: list[str]) -> pd.DataFrame:
    tall = table.astype(dict.fromkeys(measures, float)).melt(keys, measures, "measure", "value")
    return tall.drop_duplicates([*keys, "measure"]).set_index([*keys, "measure"])["value"].to_frame()


def _differences(first: pd.DataFrame, other: pd.DataFrame, by: str) -> pd.DataFrame:
    both = first.rename(columns={"value": "a"}).join(other.rename(columns={"value": "b"}), how="outer")
    both["change"] = (both["b"].fillna(0) - both["a"].fillna(0)).round(6)
    both["change_ratio"] = (both["b"] / both["a"].where(both["a"] != 0) - 1).round(6)
    scale = both[["a", "b"]].abs().max(axis=1)
    changed = both[(both["change"].abs() > SAME * scale) | (both["a"].isna() != both["b"].isna())]
    return _ordered(changed.reset_index().assign(by=by))


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Largest change of quota first, the measures of one key together, the total last."""
    main = table["measure"].isin(["quota", "rows binding", "goal value"])
    size = table["change"].abs().where(main, 0).groupby([table["key"], table["name"]]).transform("max")
    table = table.assign(_total=table["key"] == "all", _size=-size)
    return table.sort_values(["_total", "_size", "key", "name"], kind="stable").drop(columns=["_total", "_size"])
