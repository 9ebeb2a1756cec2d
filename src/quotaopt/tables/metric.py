"""Which of several metrics of the history is planned: the column of its name, or its rows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from quotaopt.errors import Finding, nearest, split_place
from quotaopt.scenario import Scenario
from quotaopt.tables.catalogue import HISTORY
from quotaopt.tables.headers import split_unit
from quotaopt.tables.schema import plain_header
from quotaopt.tables.sheet import Sheet


def with_metric(mapping: Mapping[str, str], metric: str) -> dict[str, str]:
    """The mapping of headers of the history with the metric's column as its amounts."""
    return {**mapping, **dict.fromkeys(_headers(metric), "amount")} if metric else dict(mapping)


def _headers(metric: str) -> list[str]:
    """Headers the column of a metric is known by."""
    known = [field.headers for field in HISTORY.fields if field.name == metric]
    return [metric, *(known[0] if known else ())]


def choose_metric(scenario: Scenario, sheet: Sheet) -> None:
    """Keep the rows of the metric that is planned; report where the history does not say which, or lacks it."""
    metric, place = scenario.settings.data.metric, split_place(scenario.source("data", "metric"))
    if sheet.has("metric"):
        values = sorted(set(map(str, sheet.frame["metric"])) - {""})
        if not metric and len(values) > 1:
            what = f"{sheet.label('metric')} holds {' and '.join(values)}"
            remedy = f'Say which one is the money: data.metric = "{values[0]}".'
            sheet.findings.append(Finding(what, remedy, sheet.name or str(sheet.file[0]), code="metric"))
        elif metric and metric not in values:
            near = nearest(metric, values)
            remedy = f"Did you mean {near!r}?" if near else f"It holds: {', '.join(values)}."
            sheet.findings.append(
                Finding("no row of this metric", remedy, *place, "data.metric", metric, code="metric")
            )
        elif metric:
            sheet.keep(np.asarray(sheet.frame["metric"] == metric))
    elif metric and sheet.has("amount"):
        header = plain_header(split_unit(sheet.headers.get("amount", ""))[0])
        if header not in map(plain_header, _headers(metric)):
            remedy = "Add a column of that name to the history, or its rows with a column metric."
            what = "the history has no such column"
            sheet.findings.append(Finding(what, remedy, *place, "data.metric", metric, code="metric"))
