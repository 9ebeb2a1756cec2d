"""What changed between runs: by rep, region, product, month, account, rule, solver or measure; sums tie with plans'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd
from pandas.api.types import is_numeric_dtype

from quotaopt import columns as c
from quotaopt.archive import Run
from quotaopt.errors import NoPlanError, UnknownNameError

LEVELS = {"rep": "rep", "region": "region", "product": "product", "month": "period", "account": "account"}
BY = (*LEVELS, "rule", "solver", "measure")
WORDS_OF_MEASURES = ("unit", "better", "about", "verdict")
MEASURES = ["quota", "capacity", "stretch", "target"]
REACHED = "reached"
SAME = 1e-9  # relative: written numbers differ by a cent or not at all


def compare_runs(runs: Sequence[Run], by: str = "rep") -> pd.DataFrame:
    """Differences of every run against the first, longest change of quota first; only what changed.

    The columns are those of `columns.COMPARISON`. With more than two runs a first column ``run`` says which run
    `b` is. The rows by rep, region, product, month and account end with the total, key ``all``.

    Raises
    ------
    UnknownNameError
        If `by` is not one of `BY`.
    NoPlanError
        If a run has no quotas to compare, or none by account.
    """
    if by not in BY:
        raise UnknownNameError("way to compare", by, BY)
    tables = [_long(run, by) for run in runs]
    first, *others = _name_alike(tables) if by in LEVELS else tables
    parts = [_differences(first, other, by).assign(run=run.id) for run, other in zip(runs[1:], others, strict=True)]
    table = pd.concat(parts, ignore_index=True)
    names = [column.name for column in c.COMPARISON]
    return table[names] if len(runs) == 2 else table[["run", *names]]


def _long(run: Run, by: str) -> pd.DataFrame:
    """One value per key and measure, indexed so; the name of each key beside it."""
    if by in LEVELS:
        table = _parts(run, LEVELS[by])
        if by == "account":  # whoever holds it, of all products and months
            table = table.groupby(["level", "key", "name"], as_index=False)[MEASURES].sum(min_count=1)
        return _melt(table.assign(key=table["key"].where(table["level"] != "all", "all")), ["key", "name"], MEASURES)
    run.table("totals")  # a run without a plan has nothing to compare
    if by == "rule":
        return _rules(run.table("rules"))
    if by == "measure":
        return _measures(run.table("measures"))
    goals = run.table("goals")
    names = goals["order"].astype(int).astype(str) + " " + goals["goal"]
    return _melt(
        goals.assign(key=names, name="").rename(columns={"value": "goal value"}), ["key", "name"], ["goal value"]
    )


def _name_alike(tables: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """Who was renamed between two runs is one: with the name in the last run that has them."""
    index = pd.concat(tables).index
    names = dict(zip(index.get_level_values("key"), index.get_level_values("name"), strict=True))
    rows = [table.reset_index() for table in tables]
    return [t.assign(name=t["key"].map(names)).set_index(["key", "name", "measure"]) for t in rows]


def _parts(run: Run, level: str) -> pd.DataFrame:
    """Rows of ``totals.csv`` of one level, or those of ``accounts.csv``, as written, and that of the whole plan."""
    totals = run.table("totals")
    if level != "account":
        return totals[totals["level"].isin([level, "all"])]
    if not run.has("accounts"):
        raise NoPlanError(f"run {run.id} has no quotas by account; set accounts.largest in its scenario, run it again")
    accounts = run.table("accounts").rename(columns={"account_id": "key"}).assign(level=level, name="")
    return pd.concat([accounts, totals[totals["level"] == "all"]], ignore_index=True)


def _rules(rules: pd.DataFrame) -> pd.DataFrame:
    """How many rows of each rule bind and by how much they are missed; every single limit, and whether it is reached.

    Equations always are: they count among the rows that bind, not as limits that are reached.
    """
    whole = rules.groupby("rule").agg(binding=("binding", "sum"), violation=("violation", "sum")).reset_index()
    open_ended = rules["sense"].isin(["<=", ">="])
    single = rules.assign(scope=rules["scope"] + (" " + rules["sense"]).where(open_ended, ""))
    single = single.rename(columns={"rule": "key", "scope": "name"})
    reached = single[open_ended & single["binding"].astype(bool)].assign(reached=1.0)
    return pd.concat([
        _melt(whole.rename(columns={"rule": "key", "binding": "rows binding"}).assign(name=""), ["key", "name"],
              ["rows binding", "violation"]),
        _melt(single, ["key", "name"], ["limit"]),
        _melt(reached, ["key", "name"], [REACHED]),
    ])  # fmt: skip


def _measures(measures: pd.DataFrame) -> pd.DataFrame:
    """Every measure of the plan; of what, where one is taken of several things."""
    about = {"measure", "value", *WORDS_OF_MEASURES}
    more = [name for name in measures if name not in about and not is_numeric_dtype(measures[name])]
    of = measures[more].astype(str).agg(" ".join, axis=1) if more else ""
    table = measures.assign(name=of, key=measures["measure"], measure="value").astype({"value": float})
    return table.drop_duplicates(["key", "name"]).set_index(["key", "name", "measure"])[["value"]]


def _melt(table: pd.DataFrame, keys: list[str], measures: list[str]) -> pd.DataFrame:
    tall = table.astype(dict.fromkeys(measures, float)).melt(keys, measures, "measure", "value")
    return tall.drop_duplicates([*keys, "measure"]).set_index([*keys, "measure"])["value"].to_frame()


def _differences(first: pd.DataFrame, other: pd.DataFrame, by: str) -> pd.DataFrame:
    both = first.rename(columns={"value": "a"}).join(other.rename(columns={"value": "b"}), how="outer")
    reached = both.index.get_level_values("measure") == REACHED
    both[reached] = both[reached].fillna(0.0)  # a limit that is not there is not reached
    both["change"] = (both["b"].fillna(0) - both["a"].fillna(0)).round(6)
    both["change_ratio"] = (both["b"] / both["a"].where(both["a"] != 0) - 1).round(6)
    scale = both[["a", "b"]].abs().max(axis=1)
    changed = both[(both["change"].abs() > SAME * scale) | (both["a"].isna() != both["b"].isna())]
    return _ordered(changed.reset_index().assign(by=by))


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Largest change of quota first, the measures of one key together, the total last."""
    main = table["measure"].isin(["quota", "rows binding", "goal value", "value"])
    change = table["change_ratio"] if (table["by"] == "measure").all() else table["change"]  # units differ
    size = change.abs().where(main, 0).fillna(0).groupby([table["key"], table["name"]]).transform("max")
    table = table.assign(_total=table["key"] == "all", _size=-size)
    return table.sort_values(["_total", "_size", "key", "name"], kind="stable").drop(columns=["_total", "_size"])


@dataclass(frozen=True)
class Tie:
    """Whether the changes of a run's parts add up to the change of its total, in exact money.

    Attributes
    ----------
    run : the run that is held against the first.
    parts, total : sum of the changes of its reps (regions, products …), and change of the whole plan.
    """

    run: str
    parts: Decimal
    total: Decimal

    @property
    def holds(self) -> bool:
        """Whether the two are the same, to the last digit."""
        return self.parts == self.total


def check_sums(runs: Sequence[Run], by: str) -> list[Tie]:
    """Hold the changes by rep, region, product, month or account against those of the plans; none for other ways.

    Raises
    ------
    NoPlanError
        If a run has no quotas.
    """
    if by not in LEVELS:
        return []
    sums = [_sums(run, LEVELS[by]) for run in runs]
    return [
        Tie(run.id, parts - sums[0][0], total - sums[0][1])
        for run, (parts, total) in zip(runs[1:], sums[1:], strict=True)
    ]


def _sums(run: Run, level: str) -> tuple[Decimal, Decimal]:
    """Quotas of a level added up, and the quota of the plan, as written."""
    table = _parts(run, level)
    parts, total = (
        sum((Decimal(repr(float(q))) for q in table["quota"][table["level"] == name]), Decimal(0))
        for name in (level, "all")
    )
    return parts, total


def limits_moved(first: Run, other: Run) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Limits that `other` reaches and `first` does not, and the other way: rule and what it limits, equations apart."""
    reached = [_reached(run.table("rules")) for run in (first, other)]
    return [k for k in reached[1] if k not in reached[0]], [k for k in reached[0] if k not in reached[1]]


def _reached(rules: pd.DataFrame) -> dict[tuple[str, str], None]:
    mine = rules[rules["binding"].astype(bool) & (rules["sense"] != "==")]
    return dict.fromkeys(zip(mine["rule"], mine["scope"] + " " + mine["sense"], strict=True))
