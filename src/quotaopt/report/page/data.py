"""The numbers a report's script draws: one row per rep, and months of sales, forecast and quota by company and region.

All of it comes from the run's own tables. Only booked sales are read from the data files, while they are unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from quotaopt.archive import SAMPLES, Run
from quotaopt.forecast.panel import Floats, Ints
from quotaopt.forecast.sampling.ranges import central_range, group_of
from quotaopt.forecast.sums import sum_groups
from quotaopt.pseudonyms import MaskedRun
from quotaopt.report.pictures import booked_months
from quotaopt.report.words import rule_words, words

MOST_NUMBERS = 300_000  # of the reps' months, some 2 MB; the months of the smallest reps beyond it are left out
WHOLE = 1000.0  # amounts from here on are drawn without cents

REP_COLUMNS = (
    "id", "name", "region", "quota", "last_year", "change", "capacity", "stretch", "chance", "level", "block",
    "rule", "source",
)  # fmt: skip


def rep_rows(run: Run, language: str) -> pd.DataFrame:
    """One row per rep, the largest quota first: `REP_COLUMNS`, numbers as in ``totals.csv`` and ``fairness.csv``."""
    totals = run.table("totals").query("level == 'rep'").drop(columns="level").rename(columns={"key": "id"})
    regions = run.table("quotas").drop_duplicates("rep_id").set_index("rep_id")["region"]
    fair = run.table("fairness").drop_duplicates("rep_id").set_index("rep_id")
    fair = fair[["chance", "level", "block", "stopped_by", "source"]].rename(columns={"stopped_by": "rule"})
    rows = totals.join(fair, on="id").assign(region=totals["id"].map(regions).fillna(""))
    stops = rows["rule"].fillna("")
    rules = [_stop_words(text, rep, language) for text, rep in zip(stops, rows["id"], strict=True)]
    rows = rows.assign(rule=rules, source=rows["source"].fillna(""))
    order = np.lexsort((rows["id"].to_numpy(str), -rows["quota"].to_numpy(np.float64)))
    return rows.iloc[order][list(REP_COLUMNS)].reset_index(drop=True)


def _stop_words(stops: str, rep: str, language: str) -> str:
    """Rules that keep a rep from the peers' level; what they total, where that is not the rep alone."""
    say = words(language)
    parts = [text.partition(" ") for text in stops.split("; ") if text]
    return say["list"].join(
        say["page.limit"].format(rule=rule_words(language, rule), scope=scope)
        if scope not in ("", rep)
        else rule_words(language, rule)
        for rule, _, scope in parts
    )


def columns_of(table: pd.DataFrame) -> dict[str, list[Any]]:
    """Each column as a list for JSON; numbers as short as they can be, null where not known."""
    return {
        str(name): [plain(v) if isinstance(v, float) else v for v in column.tolist()] for name, column in table.items()
    }


def plain(value: float) -> float | int | None:
    """A number as short as JSON can have it; null where not known."""
    if not isfinite(value):
        return None
    return int(value) if value == int(value) else value


@dataclass(frozen=True, eq=False)
class Months:
    """What is drawn over time, one row per rep or group.

    Attributes
    ----------
    past : booked, nan where not known, shape (rows, months before the plan).
    mean, quota : expected sales and quota, shape (rows, plan months).
    paths : sample paths of what is expected, shape (rows, plan months, draws); no draws where the run kept none.
    """

    past: Floats
    mean: Floats
    quota: Floats
    paths: Floats

    def of(self, rows: Ints) -> Months:
        """These rows only."""
        return Months(self.past[rows], self.mean[rows], self.quota[rows], self.paths[rows])

    def total(self, group: Ints, size: int) -> Months:
        """Sums over the rows of each group; a past month counts where any of them is known."""
        seen = sum_groups((~np.isnan(self.past)).astype(np.float64), group, size) > 0
        past, *rest = (
            sum_groups(np.nan_to_num(values), group, size) for values in (self.past, self.mean, self.quota, self.paths)
        )
        return Months(np.where(seen, past, np.nan), *rest)

    def records(self, level: float) -> list[dict[str, Any]]:
        """One record per row, for JSON."""
        lines = {"past": self.past, "mean": self.mean, "quota": self.quota}
        if self.paths.shape[2]:
            lines["low"], lines["high"] = central_range(self.paths, level)
        short = {name: np.where(np.abs(v) >= WHOLE, np.round(v), np.round(v, 2)) for name, v in lines.items()}
        columns = {name: [[plain(x) for x in row] for row in v.tolist()] for name, v in short.items()}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def month_data(run: Run, history: pd.DataFrame | None, order: Sequence[str]) -> dict[str, Any]:
    """Months of the company, the regions and the reps, in the order of `order`.

    Parameters
    ----------
    history : rep_id, month, amount; None where the data files are gone or changed.
    """
    quotas, capacity = run.table("quotas"), run.table("capacity")
    months, reps = sorted(quotas["period"].unique()), list(order)
    sold, past, whole = _booked(run, history, quotas, reps, months)
    expected = capacity["potential"] * capacity["headcount"] * capacity["ramp"]
    lines = Months(
        past,
        _cube(capacity.assign(amount=expected), reps, months),
        _cube(quotas.assign(amount=quotas["quota"]), reps, months),
        _paths(run, capacity, reps, months),
    )
    regions = quotas.drop_duplicates("rep_id").set_index("rep_id")["region"]
    names, group = group_of([str(regions[rep]) for rep in reps])
    company = lines.total(np.zeros_like(group), 1)
    level = _level(run)
    kept = np.arange(min(len(reps), MOST_NUMBERS // (len(sold) + 3 * len(months))))
    return {
        "months": sold,
        "ahead": len(months),
        "level": level,
        "company": Months(whole[None], company.mean, company.quota, company.paths).records(level)[0],
        "regions": [
            {"id": name, **record}
            for name, record in zip(names, lines.total(group, len(names)).records(level), strict=True)
        ],
        "reps_months": lines.of(kept).records(level),
    }


def _booked(
    run: Run, history: pd.DataFrame | None, quotas: pd.DataFrame, reps: Sequence[str], months: Sequence[str]
) -> tuple[list[str], Floats, Floats]:
    """Names of all months, and sales before the plan by rep and of everybody; of a year only where files are gone."""
    if history is None:
        past = _cube(quotas.assign(amount=quotas["last_year"]), reps, months)
        before = [f"{int(month[:4]) - 1}{month[4:]}" for month in months]
        return [*before, *months], past, past.sum(axis=0)
    if isinstance(run, MaskedRun):
        history = history.assign(rep_id=history["rep_id"].map({r: run.hide(r) for r in history["rep_id"].unique()}))
    return booked_months(history, reps, months)


def _cube(table: pd.DataFrame, reps: Sequence[str], months: Sequence[str]) -> Floats:
    """Sums of ``amount`` by rep and month."""
    sums = table.pivot_table(index="rep_id", columns="period", values="amount", aggfunc="sum")
    return sums.reindex(index=list(reps), columns=list(months)).fillna(0.0).to_numpy(np.float64)


def _paths(run: Run, capacity: pd.DataFrame, reps: Sequence[str], months: Sequence[str]) -> Floats:
    """Sample paths of those present; none where the run kept none month by month."""
    none = np.zeros((len(reps), len(months), 0))
    if not (run.folder / SAMPLES).exists():
        return none
    kept = run.samples()
    if list(kept["period"]) != list(months):
        return none
    first = capacity.drop_duplicates(["rep_id", "period"])
    presence = _cube(first.assign(amount=first["headcount"] * first["ramp"]), reps, months)
    at = pd.Index(kept["rep_id"]).get_indexer(pd.Index(reps))
    return np.asarray(kept["samples"][at].astype(np.float64) * presence[:, :, None])


def _level(run: Run) -> float:
    import tomllib

    settings = tomllib.loads((run.folder / "scenario.toml").read_text(encoding="utf-8"))
    return float(settings.get("forecast", {}).get("level", 0.8))
