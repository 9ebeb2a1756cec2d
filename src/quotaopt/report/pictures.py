"""The forecast as one HTML file that needs nothing else: history, forecast and range of company, regions and reps.

The page is `pictures.html`; here the numbers are put into it. They are those of ``forecast.csv`` and ``capacity.csv``,
rounded cell by cell before they are summed, so that the sums tie.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from html import escape
from importlib.resources import files
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from quotaopt.capacity import Capacity
from quotaopt.forecast import Forecast
from quotaopt.forecast.panel import Floats, Ints, month_name, month_number
from quotaopt.forecast.sampling.ranges import central_range, group_of
from quotaopt.forecast.sums import sum_groups
from quotaopt.report.render import each, money
from quotaopt.scenario import Scenario
from quotaopt.tables import Inputs

MOST_MONTHS = 60  # of history
MOST_NUMBERS = 2_000_000  # about 20 MB; the smallest reps beyond it are left out
CENTS = 2  # digits of an amount in forecast.csv
NAIVES = ("seasonal_naive", "last_year_sum")


def forecast_page(
    scenario: Scenario, inputs: Inputs, forecast: Forecast, capacity: Capacity, selected: str = ""
) -> str:
    """The whole page, with the rep `selected` opened."""
    data = page_data(scenario, inputs, forecast, capacity) | {"selected": selected}
    company, months = data["company"], data["months"][-data["ahead"] :]
    cells = zip(months, company["mean"], company["low"], company["high"], strict=True)
    rows = "".join(
        f"<tr><td>{m}</td>" + "".join(f"<td>{money(v)}</td>" for v in values) + "</tr>" for m, *values in cells
    )
    parts = {
        "title": escape(f"Forecast: {scenario.name}"),
        "about": escape(scenario.settings.about),
        "rows": rows,
        "data": plain_json(data),
    }
    template = files("quotaopt.report").joinpath("pictures.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def plain_json(data: Mapping[str, Any]) -> str:
    """JSON that may stand inside a ``<script>``: nothing in it can end the script or begin a tag."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)


def page_data(scenario: Scenario, inputs: Inputs, forecast: Forecast, capacity: Capacity) -> dict[str, Any]:
    """Everything the page shows; the smallest reps are left out when there are too many."""
    settings, roster = scenario.settings, inputs.roster.set_index("rep_id").loc[list(forecast.reps)]
    months, past, whole = booked_months(inputs.history, forecast.reps, forecast.months)
    everything = RepLines.of(forecast, capacity, past)
    names, group = group_of([str(region) for region in roster["region"]])
    level, most = float(settings.forecast.level), MOST_NUMBERS // (len(months) + 4 * len(forecast.months))
    kept = np.sort(np.argsort(-everything.mean.sum(axis=1), kind="stable")[:most])
    company, facts = everything.total(np.zeros_like(group), 1), _facts(forecast, roster)
    reps = everything.of_reps(kept).nodes([forecast.reps[r] for r in kept], level)
    return {
        "scenario": scenario.name,
        "about": settings.about,
        "currency": settings.currency,
        "level": level,
        "at": settings.forecast.capacity,
        "months": months,
        "ahead": len(forecast.months),
        "count": len(forecast.reps),
        "left": len(forecast.reps) - len(kept),
        "company": replace(company, past=whole[None]).nodes([""], level)[0],
        "regions": everything.total(group, len(names)).nodes(names, level),
        "reps": [node | facts[r] for r, node in zip(kept.tolist(), reps, strict=True)],
        "accuracy": _accuracy(forecast.accuracy),
        "origins": int(forecast.accuracy["origins"].max()) if len(forecast.accuracy) else 0,
        "notes": [str(note) for note in (*forecast.notes, *capacity.notes)],
    }


@dataclass(frozen=True, eq=False)
class RepLines:
    """What is drawn, one row per rep or group: booked months before the plan, then amounts in each plan month.

    Attributes
    ----------
    past : booked, nan where nothing is known, shape (rows, months before the plan).
    full, mean, cap : potential, expected (potential × headcount × ramp) and capacity, shape (rows, plan months).
    paths : sample paths of what is expected, shape (rows, plan months, paths).
    last : booked in the same months a year before the plan, shape (rows,).
    """

    past: Floats
    full: Floats
    mean: Floats
    cap: Floats
    paths: Floats
    last: Floats

    @classmethod
    def of(cls, forecast: Forecast, capacity: Capacity, past: Floats) -> RepLines:
        """One row per rep."""
        full, mean, cap, last = (
            np.round(cells, CENTS).sum(axis=1)
            for cells in (forecast.mean, capacity.expected, capacity.values, forecast.last_year)
        )
        return cls(past, full, mean, cap, forecast.samples * capacity.presence[:, :, None], last.sum(axis=1))

    def _each(self, change: Callable[[Floats], Floats]) -> RepLines:
        return RepLines(*(change(getattr(self, field.name)) for field in fields(self)))

    def of_reps(self, rows: Ints) -> RepLines:
        """These rows only."""
        return self._each(lambda values: values[rows])

    def total(self, group: Ints, size: int) -> RepLines:
        """Sums over the rows of each group; a past month counts where any of them is known."""
        seen = sum_groups((~np.isnan(self.past)).astype(np.float64), group, size) > 0
        out = self._each(lambda values: sum_groups(np.nan_to_num(values), group, size))
        return replace(out, past=np.where(seen, out.past, np.nan))

    def nodes(self, ids: Sequence[str], level: float) -> list[dict[str, Any]]:
        """One record per row; potential and capacity only where they differ from what is expected."""
        low, high = central_range(self.paths, level)
        year = central_range(self.paths.sum(axis=1), level)
        sums = (self.mean.sum(axis=1), *year, self.full.sum(axis=1), self.cap.sum(axis=1), self.last)
        names = ("expected", "sumlow", "sumhigh", "potential", "capacity", "last")
        table = dict(zip(names, map(_numbers, sums), strict=True))
        lines = {"past": self.past, "mean": self.mean, "low": low, "high": high}
        columns = {**table, **{name: [_numbers(row) for row in values] for name, values in lines.items()}}
        out = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        for name, values in (("full", self.full), ("cap", self.cap)):
            for r in np.flatnonzero(np.abs(values - self.mean).max(axis=1) >= 0.005):
                out[r][name] = _numbers(values[r])
        return [{"id": label, **node} for label, node in zip(ids, out, strict=True)]


def booked_months(history: pd.DataFrame, reps: Sequence[str], ahead: Sequence[str]) -> tuple[list[str], Floats, Floats]:
    """Names of all months shown; what each rep booked in those before the plan, and what everybody did, leavers too.

    Nan before a rep's first sale, and where nobody sold anything.
    """
    plan = month_number(ahead[0])
    number = history["month"].map(month_number)
    known = (number < plan) & (number >= plan - MOST_MONTHS)
    first = int(number[known].min()) if known.any() else plan
    table = history[known].pivot_table(index="rep_id", columns=number[known], values="amount", aggfunc="sum")
    table = table.reindex(columns=range(first, plan)).fillna(0.0)
    past = table.reindex(list(reps)).fillna(0.0).to_numpy(np.float64)
    whole = table.sum().to_numpy(np.float64)
    past = np.where(np.maximum.accumulate(past != 0, axis=1) & (whole != 0), past, np.nan)
    months = [*map(month_name, range(first, plan)), *ahead]
    return months, past, np.where(whole != 0, whole, np.nan)


def _facts(forecast: Forecast, roster: pd.DataFrame) -> list[dict[str, Any]]:
    """What is said of each rep beside the numbers; the method is that of the largest product."""
    groups = dict(iter(forecast.fenced.groupby("rep_id")))
    largest = np.argmax(forecast.mean.sum(axis=2), axis=1)
    facts = {
        "name": roster["rep_name"].astype(str).tolist(),
        "region": roster["region"].astype(str).tolist(),
        "known": forecast.months_used.tolist(),
        "own": np.round(forecast.own_weight, 4).tolist(),
        "method": forecast.method[np.arange(len(roster)), largest].tolist(),
        "flag": forecast.flag.tolist(),
        "cuts": [_cuts_of(groups, rep) for rep in forecast.reps],
    }
    return [dict(zip(facts, row, strict=True)) for row in zip(*facts.values(), strict=True)]


def _cuts_of(groups: Mapping[Any, pd.DataFrame], rep: str) -> list[list[Any]]:
    """Month, product, amount and what was kept of the orders cut for a rep."""
    cut = groups.get(rep)
    if cut is None:
        return []
    amounts = (_numbers(cut[name].to_numpy(np.float64)) for name in ("amount", "kept"))
    return [list(row) for row in zip(cut["month"], cut["product_id"], *amounts, strict=True)]


def _accuracy(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Errors of the method used and of the naive ones, level by level."""
    table = table[(table["origins"] > 0) & (table["method"].isin(NAIVES) | table["chosen"])]
    return [
        {"level": r.level, "method": r.method, "month": _number(r.wape_month), "sum": _number(r.wape_sum),
         "chosen": bool(r.chosen)} for r in each(table)
    ]  # fmt: skip


def _numbers(values: Floats) -> list[float | int | None]:
    return [_number(value) for value in np.round(values, CENTS).tolist()]


def _number(value: float) -> float | int | None:
    """As short as JSON can have it; null where not known."""
    if not isfinite(value):
        return None
    return int(value) if value == int(value) else value
