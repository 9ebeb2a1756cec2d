"""What `quotaopt forecast --rep R` prints: how one rep's sales became one rep's capacity, on one screen.

Amounts are rounded cell by cell, as in ``forecast.csv`` and ``capacity.csv``, before they are summed: they tie.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
from rich.console import RenderableType
from rich.text import Text

from quotaopt.capacity import Capacity
from quotaopt.errors import Finding, UnknownNameError
from quotaopt.forecast import Forecast
from quotaopt.forecast.panel import YEAR, Floats, month_name, month_number
from quotaopt.forecast.sampling.ranges import central_range
from quotaopt.forecast.trace import Trace
from quotaopt.report.findings import finding_records
from quotaopt.report.render import each, grid, labelled, money, percent, ratio, records
from quotaopt.tables import Inputs
from quotaopt.text import counted

CENTS = 2
SHOWN = 3  # cut orders shown; the rest is counted


@dataclass(frozen=True, eq=False)
class RepSheet:
    """Everything known of one rep's forecast.

    Attributes
    ----------
    rep : the roster's row.
    booked : sales by month, as booked, from the first to the end of the history.
    months : one row per plan month: period, last_year, potential, low, high, headcount, ramp, factor, capacity.
    low, high : range of the potential over the whole plan.
    steps : from the mean of the components to the potential, and on to the capacity, what each step adds; money.
    facts : months_used, own_weight, flag and method of the forecast.
    cuts : one-off orders that were cut, largest first, as in ``fenced.csv``.
    trace : what each forecaster said.
    accuracy : back-tests at the level of reps, as in ``accuracy.csv``.
    notes : findings that name the rep.
    """

    rep: pd.Series[Any]
    booked: pd.Series[float]
    months: pd.DataFrame
    low: float
    high: float
    steps: dict[str, float]
    facts: dict[str, object]
    cuts: pd.DataFrame
    trace: Trace
    accuracy: pd.DataFrame
    notes: tuple[Finding, ...]

    def total(self, column: str) -> float:
        """An amount over the whole plan, to the cent."""
        return round(float(self.months[column].sum()), CENTS)


def find_rep(roster: pd.DataFrame, text: str) -> str:
    """The id of the rep meant by an id or a name.

    Raises
    ------
    UnknownNameError
        If none is meant, or several have that name: then with their ids.
    """
    ids, names = (roster[column].astype(str) for column in ("rep_id", "rep_name"))
    if (ids == text).any():
        return text
    same = ids[names.str.casefold() == text.casefold()]
    if len(same) == 1:
        return str(same.iloc[0])
    raise UnknownNameError("rep", text, [*same] or [*filter(None, names), *ids])


def make_sheet(
    rep: str, inputs: Inputs, forecast: Forecast, capacity: Capacity, trace: Trace, level: float
) -> RepSheet:
    """Collect what concerns one rep."""
    r = forecast.reps.index(rep)
    row = cast("pd.Series[Any]", inputs.roster.set_index("rep_id").loc[rep])
    paths = forecast.samples[r]
    low, high = central_range(paths.sum(axis=0), level)
    names = {rep, str(row["rep_name"])} - {""}
    notes = (*inputs.warnings, *forecast.notes, *capacity.notes)
    accuracy = forecast.accuracy
    return RepSheet(
        rep=row,
        booked=_booked(inputs.history, rep),
        months=_months(r, forecast, capacity, *central_range(paths, level)),
        low=round(float(low), CENTS),
        high=round(float(high), CENTS),
        steps=_steps(r, forecast, capacity, trace),
        facts={
            "months_used": int(forecast.months_used[r]),
            "own_weight": round(float(forecast.own_weight[r]), 6),
            "flag": str(forecast.flag[r]),
            "method": str(forecast.method[r, np.argmax(forecast.mean[r].sum(axis=1))]),
        },
        cuts=forecast.fenced[forecast.fenced["rep_id"] == rep],
        trace=trace,
        accuracy=accuracy[(accuracy["level"] == "rep") & (accuracy["origins"] > 0)],
        notes=tuple(note for note in notes if _is_about(note, names)),
    )


def _booked(history: pd.DataFrame, rep: str) -> pd.Series[float]:
    """Booked sales of each month from the rep's first to the last that anybody has; zero where there are none."""
    mine = history[history["rep_id"].astype(str) == rep].groupby("month")["amount"].sum()
    if mine.empty:
        return mine
    first, last = month_number(str(mine.index[0])), month_number(str(history["month"].max()))
    return mine.reindex([month_name(m) for m in range(first, last + 1)], fill_value=0.0)


def _months(r: int, forecast: Forecast, capacity: Capacity, low: Floats, high: Floats) -> pd.DataFrame:
    amounts = {"last_year": forecast.last_year[r], "potential": forecast.mean[r], "capacity": capacity.values[r]}
    table = pd.DataFrame({name: np.round(cells, CENTS).sum(axis=0).round(CENTS) for name, cells in amounts.items()})
    return table.assign(
        period=list(forecast.months), low=np.round(low, CENTS), high=np.round(high, CENTS),
        headcount=capacity.headcount[r].round(6), ramp=capacity.ramp[r].round(6), factor=capacity.factor[r].round(6),
    )[["period", "last_year", "potential", "low", "high", "headcount", "ramp", "factor", "capacity"]]  # fmt: skip


def _steps(r: int, forecast: Forecast, capacity: Capacity, trace: Trace) -> dict[str, float]:
    """What each step adds, one after the other; all together are the capacity."""
    full, cap = (float(np.round(cells[r], CENTS).sum()) for cells in (forecast.mean, capacity.values))
    present = float((forecast.mean[r] * capacity.headcount[r]).sum())
    here = float((forecast.mean[r] * capacity.presence[r]).clip(min=0).sum())
    expected = float(capacity.expected[r].sum())
    chosen = expected * float(capacity.factor[r])
    timely = float((capacity.expected[r] * capacity.in_time[r]).sum() * capacity.factor[r])
    steps = {**trace.steps, "rest": full - sum(trace.steps.values())}
    steps |= {"headcount": present - full, "ramp": here - present, "market": expected - here}
    steps |= {"factor": chosen - expected, "workload": timely - chosen, "supply": cap - timely}
    return {name: round(amount, CENTS) + 0.0 for name, amount in steps.items()}


def _is_about(note: Finding, names: set[str]) -> bool:
    """Whether a finding names the rep, as a word of its own."""
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", f"{note.what} {note.value}") for name in names)


def rep_content(sheet: RepSheet) -> dict[str, object]:
    """What JSON says beside the months."""
    return {
        "rep": {"rep_id": str(sheet.rep.name)}
        | {k: sheet.rep[k] for k in ("rep_name", "region", "role")}
        | sheet.facts,
        "year": {k: sheet.total(k) for k in ("last_year", "potential", "capacity")}
        | {"low": sheet.low, "high": sheet.high},
        "steps": sheet.steps,
        "cuts": records(sheet.cuts.round(CENTS)),
        "components": records(sheet.trace.components.round({"amount": CENTS, "weight": 6})),
        "accuracy": records(sheet.accuracy),
        "notes": finding_records(sheet.notes),
    }


def rep_report(sheet: RepSheet, level: float) -> Iterator[RenderableType]:
    """One screen: what is known, what it says month by month, how that was made, what is left of it as capacity."""
    rep = sheet.rep
    since = "" if rep["start_date"] is pd.NaT else f"since {rep['start_date']:%Y-%m-%d}"
    facts = " · ".join(filter(None, (str(rep.name), rep["region"], rep["role"], since)))
    yield Text.assemble((rep["rep_name"] or str(rep.name), "bold"), f"  {facts}")
    yield labelled(_known(sheet))
    yield Text()
    yield _month_grid(sheet, level)
    yield Text()
    yield labelled([*_forecasters(sheet), *_accuracy(sheet)])
    yield Text()
    yield _ladder(sheet, level)
    if sheet.notes:
        yield Text()
        yield labelled(("Note   ", "yellow", str(note)) for note in sheet.notes)


def _known(sheet: RepSheet) -> Iterator[tuple[str, str, str]]:
    booked = sheet.booked
    years = booked.groupby(booked.index.str[:4]).agg(["sum", "size"])
    by_year = [f"{y.Index} {money(y.sum)}" + f" ({y.size} months)" * (y.size < YEAR) for y in each(years)]
    last = [f"last {YEAR} months {money(booked.iloc[-YEAR:].sum())}"] * (len(booked) > YEAR)
    yield "Booked ", "bold", " · ".join([*by_year, *last]) or "nothing yet"
    own = float(str(sheet.facts["own_weight"]))
    weight = "" if own == 1 else f"; own history counts {percent(own, False)}, peers the rest"
    yield "Used   ", "bold", f"{counted(int(str(sheet.facts['months_used'])), 'month')} of history{weight}"
    if len(sheet.cuts):
        said = [f"{r.month} {r.product_id} {money(r.amount)} as {money(r.kept)}" for r in each(sheet.cuts.head(SHOWN))]
        more = [f"{len(sheet.cuts) - SHOWN} more in fenced.csv"] * (len(sheet.cuts) > SHOWN)
        yield "Cut    ", "bold", "one-off orders: " + " · ".join([*said, *more])
    if sheet.facts["flag"]:
        yield "Special", "bold", str(sheet.facts["flag"])


def _month_grid(sheet: RepSheet, level: float) -> RenderableType:
    body: list[tuple[str, ...]] = [
        (m.period, money(m.last_year), money(m.potential), money(m.low), money(m.high), ratio(m.headcount),
         ratio(m.ramp), money(m.capacity))
        for m in each(sheet.months)
    ]  # fmt: skip
    year = (sheet.total("last_year"), sheet.total("potential"), sheet.low, sheet.high)
    body.append(("all", *map(money, year), "", "", money(sheet.total("capacity"))))
    low, high = (f"P{100 * (1 + sign * level) / 2:.3g}" for sign in (-1, 1))
    return grid(["month", "last year", "potential", low, high, "headcount", "ramp", "capacity"], body, total=True)


def _forecasters(sheet: RepSheet) -> Iterator[tuple[str, str, str]]:
    """The method, and the component forecasts over the plan, those that count first."""
    table = sheet.trace.components
    yield "Method ", "bold", str(sheet.facts["method"])
    for label, rows in (("Mean of", table[table["weight"] > 0]), ("Beside ", table[table["weight"] == 0])):
        said = [f"{row.method} {money(row.amount)}" for row in each(rows)]
        if not said:
            continue
        weights = (
            ""
            if len(set(rows["weight"])) == 1
            else " with weights " + ", ".join(percent(w, False) for w in rows["weight"])
        )
        yield label, "bold", "over the plan " + " · ".join(said) + weights


def _accuracy(sheet: RepSheet) -> Iterator[tuple[str, str, str]]:
    """How far reps were off in the back-tests, with the method used and with the naive ones."""
    if len(sheet.accuracy):
        tests = counted(int(sheet.accuracy["origins"].iloc[0]), "back-test")
        order = sheet.accuracy.sort_values("chosen", ascending=False, kind="stable")
        order = order[order["chosen"] | order["method"].isin(("last_year_sum", "seasonal_naive"))]
        said = [f"{r.method} {percent(r.wape_month, False)} · {percent(r.wape_sum, False)}" for r in each(order)]
        yield "Error  ", "bold", f"of a rep's month · of the whole plan, in {tests}: " + ", ".join(said)


def _ladder(sheet: RepSheet, level: float) -> RenderableType:
    """From the components to the capacity, every step in money."""
    own, at = sheet.trace.own, sheet.months["factor"].iloc[0]
    words = {
        "mean": "mean of the component forecasts",
        "weighed": "+ weights that suited the past",
        "learnt": "+ learnt from past errors",
        "summed": "+ so that all levels add up",
        "shared": f"+ share among reps: own history counts {percent(own, False)}",
        "choice": "+ another method where that did better",
        "again": "+ one-off orders: cut where they came, somebody will have one again",
        "rest": "+ calendar, products not on sale, territories, no month below zero",
        "headcount": "× headcount: part-time, or not there all the time",
        "ramp": "× ramp: still becoming productive",
        "factor": f"× {at:.4g}: the chosen quantile of the rep's sum / its mean",
        "market": "market potential and prices: see potential.csv",
        "workload": "not hours enough for it: see [workload]",
        "supply": "less can be delivered: supply_cap of the products",
    }
    span = f"{100 * level:.3g} % range {money(sheet.low)} – {money(sheet.high)}"
    body = list[tuple[str, str, str]]()
    for name, amount in sheet.steps.items():
        if name == "headcount":
            body.append(("potential of a full-time, fully ramped rep", money(sheet.total("potential")), span))
        if name == "mean":
            body.append((words[name], money(amount), ""))
        elif abs(amount) >= 0.5:
            body.append((words[name], f"{amount:+,.0f}", ""))
    body.append(("capacity", money(sheet.total("capacity")), ""))
    return grid(["From forecasts to capacity", "over the plan", ""], body, right=(1,), total=True)
