"""The long file: one row for each cell with everything that is known of it, as CSV or as Parquet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quotaopt.archive import Run
from quotaopt.columns.export import LONG
from quotaopt.errors import Finding, InputError
from quotaopt.export._registry import Options, exports
from quotaopt.export.ids import read_card
from quotaopt.export.master import Master, check_totals, read_master
from quotaopt.export.periods import make_periods
from quotaopt.export.pseudonyms import hide_people, pseudonyms
from quotaopt.export.tables import write_checked
from quotaopt.record import shape

TYPES = {"string": "VARCHAR", "date": "DATE", "integer": "INTEGER", "number": "DOUBLE", "boolean": "BOOLEAN"}


def _long_file(write: Callable[[Master, pd.DataFrame, Path, Options], Path]) -> Callable[..., list[Path]]:
    """A format of the long table: what `write` makes of it, with the options all of them have."""

    def export(
        run: Run,
        folder: Path,
        options: Options,
        *,
        metric: str = "sales",
        company: str = "",
        fiscal_start: int = 1,
        pseudonymise: bool = False,
    ) -> list[Path]:
        quotas, frame = _long(run, metric, company, fiscal_start, pseudonymise)
        return [write(quotas, frame, folder, options)]

    export.__name__, export.__doc__ = write.__name__, write.__doc__
    return exports(export)


@_long_file
def master(quotas: Master, frame: pd.DataFrame, folder: Path, options: Options) -> Path:
    """One row per rep × product × month with every attribute: what other layouts can be made from."""
    return write_checked(quotas, frame, folder / "master.csv", options, ["target"])


@_long_file
def parquet(quotas: Master, frame: pd.DataFrame, folder: Path, _options: Options) -> Path:
    """The columns of master, typed, as a Parquet file; quotas are decimals. Needs quotaopt[parquet]."""
    # Neither headings nor encoding apply: columns have their own names, texts are UTF-8.
    path = folder / "master.parquet"
    texts = frame.astype(object).where(frame.notna(), "")
    decimals = -int(quotas.unit.as_tuple().exponent)
    exact = {"target": f"DECIMAL(38, {decimals})", "street_target": f"DECIMAL(38, {decimals})"}
    columns = ", ".join(
        f"CAST(NULLIF(CAST({c.name} AS VARCHAR), '') AS {exact.get(c.name, TYPES[c.type])}) AS {c.name}" for c in LONG
    )
    with _duckdb().connect(config={"threads": 1}) as base:  # one thread: the same rows give the same bytes
        base.register("texts", texts.astype(str))
        base.execute(f"COPY (SELECT {columns} FROM texts) TO '{_quoted(path)}' (FORMAT parquet)")  # noqa: S608
        rows = base.execute(f"SELECT rep_id, CAST(target AS VARCHAR) FROM '{_quoted(path)}'").fetchall()  # noqa: S608
    check_totals(quotas, path, [rep for rep, _ in rows], [amount for _, amount in rows])
    return path


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError:
        what, remedy = "Parquet files need the package duckdb", "pip install 'quotaopt[parquet]'"
        raise InputError([Finding(what, remedy, column="--to parquet", code="package")]) from None
    return duckdb


def _quoted(path: Path) -> str:
    """A path inside a text of SQL."""
    return str(path).replace("'", "''")


def _long(run: Run, metric: str, company: str, fiscal_start: int, hidden: bool) -> tuple[Master, pd.DataFrame]:
    """The quotas, and the table with the columns `LONG`; people under pseudonyms where `hidden`."""
    quotas = read_master(run)
    told = _told(quotas)
    if hidden:
        known = pseudonyms(told["manager_id"].values(), quotas.scenario.root)
        reps = pseudonyms(quotas.cells["rep_id"], quotas.scenario.root)
        told["manager_id"] = {rep: known[name] for rep, name in told["manager_id"].items()}
        told = {column: {reps.get(rep, rep): text for rep, text in values.items()} for column, values in told.items()}
        quotas = hide_people(quotas)
    cells, chance = quotas.cells, told.pop("p_attain")
    periods, place = make_periods(quotas.periods, "month", fiscal_start)
    at = place[pd.Index(quotas.periods).get_indexer(pd.Index(cells["period"]))]
    frame = cells.assign(
        version=str(run.record["versions"]["quotaopt"]),
        metric=metric,
        company=company,
        year=np.array([p.year for p in periods])[at],
        month=np.array([p.number for p in periods])[at],
        target=quotas.text(quotas.units),
        street_target=quotas.text(quotas.units),
        plan_target=quotas.units * float(quotas.unit) / (1 + float(run.record["overassignment"])),
        base=cells["baseline"],
        p_attain=cells["rep_id"].map(chance).astype(float),
        **{column: pd.Series(told[column], dtype=object).reindex(cells["rep_id"]).to_numpy() for column in told},
    )
    return quotas, shape(frame, LONG)


def _told(quotas: Master) -> dict[str, dict[str, Any]]:
    """What roster and run say of reps, by column and rep."""
    roster, fairness = read_card(quotas, "roster"), quotas.run.table("fairness")
    columns = {"team": "team", "manager_id": "manager", "channel": "channel", "segment": "segment"}
    told: dict[str, dict[str, Any]] = {ours: roster.values(theirs) for ours, theirs in columns.items()}
    told["territory_id"] = roster.values("territory_id")
    return told | {"p_attain": dict(zip(fairness["rep_id"], fairness["chance"], strict=True))}
