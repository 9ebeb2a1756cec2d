"""Quotas decided by hand as locks of the problem: locks, overrides, and commitments that are kept."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

import pandas as pd

from quotaopt.errors import Finding, split_place
from quotaopt.problem import Index, Lock

if TYPE_CHECKING:
    from quotaopt.scenario import Scenario
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs

Cells = tuple[int | slice, int | slice, int | slice]

KINDS = {"override": "overrides", "commit": "commits"}
EVERY = slice(None)


def rows_of(inputs: Inputs, kind: str) -> pd.DataFrame:
    """The rows of a table decided by hand; none where the scenario names no file."""
    return inputs.more.get(KINDS[kind], pd.DataFrame())


def read_decisions(inputs: Inputs, kind: str, unit: Decimal) -> list[Lock]:
    """Overrides or commitments in whole rounding units, nearest."""
    table = rows_of(inputs, kind)
    if table.empty:
        return []
    rows = table[["rep_id", "product_id", "month", "value", "source"]].itertuples(index=False)
    return [
        Lock(rep, product or None, month or None, int((value / unit).to_integral_value(ROUND_HALF_EVEN)), source, kind)
        for rep, product, month, value, source in rows
    ]


def make_locks(inputs: Inputs, settings: Settings) -> list[Lock]:
    """Every quota that must stay: locks, commitments unless the target goes before them, overrides to re-balance.

    An override takes the place of a commitment of the same cell.
    """
    unit = Decimal(settings.rounding.to)
    locks = [
        Lock(k.rep_id, k.product_id, k.month, int((k.value / unit).to_integral_value()), k.source) for k in inputs.locks
    ]
    decided: dict[str, Lock] = {}
    if settings.commits.keep != "target":
        decided |= {lock.name: lock for lock in read_decisions(inputs, "commit", unit)}
    if settings.overrides.rebalance:
        decided |= {lock.name: lock for lock in read_decisions(inputs, "override", unit)}
    return locks + [decided[name] for name in sorted(decided)]


def cells_of(index: Index, lock: Lock) -> Cells:
    """Where the quotas of a lock stand in a rep × product × month array."""
    tables = (index.reps, index.products, index.months)
    labels = (lock.rep, lock.product, lock.month)
    return tuple(  # type: ignore[return-value]
        EVERY if label is None else int(table.index.get_indexer(pd.Index([label]))[0])
        for table, label in zip(tables, labels, strict=True)
    )


def check_decisions(scenario: Scenario, inputs: Inputs) -> Iterator[Finding]:
    """Amounts that are no whole rounding units, and decisions that no rule keeps."""
    settings, unit = scenario.settings, Decimal(scenario.settings.rounding.to)
    places = [("lock", lock.value, lock.source) for lock in inputs.locks]
    kept = {"override": True, "commit": settings.commits.keep == "commit"}
    for kind in KINDS:
        table = rows_of(inputs, kind)
        if kept[kind] and len(table):
            places += [(kind, value, source) for value, source in zip(table["value"], table["source"], strict=True)]
    for kind, value, source in places:
        if value % unit:
            near = (value / unit).to_integral_value() * unit
            what = f"no whole number of rounding units of {unit}"
            remedy = f"Write {near:f}, or choose a smaller rounding.to."
            yield Finding(what, remedy, *split_place(source), "value", f"{value:f}", code=kind)
    if settings.rules.get("keep_locks") in (False, None):
        for kind in sorted({lock.kind for lock in make_locks(inputs, settings)} - {"lock"}):
            place = split_place(scenario.source("rules", "keep_locks"))
            remedy = "Write [rules.keep_locks], with a penalty if they may give."
            yield Finding(f"nothing keeps the {KINDS[kind]}", remedy, *place, "rules.keep_locks", code=kind)
