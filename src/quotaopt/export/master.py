"""The quotas of a run, exactly: what every export is made from, and held against when it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.archive import Run
from quotaopt.case import open_run
from quotaopt.money import money_text
from quotaopt.optimize.verify import parse_units
from quotaopt.scenario import Scenario

Ints = NDArray[np.int64]
KEYS = ("rep_id", "rep_name", "region", "product_id")


@dataclass(frozen=True, eq=False)
class Master:
    """The quotas of a run.

    Attributes
    ----------
    run, scenario : what they belong to; the scenario as it was run.
    cells : ``quotas.csv`` in its own order, typed.
    units : each cell's quota in whole steps of `unit`, shape (cells,).
    unit : money in one step: the last decimal that is written.
    """

    run: Run
    scenario: Scenario
    cells: pd.DataFrame
    units: Ints
    unit: Decimal

    @cached_property
    def periods(self) -> list[str]:
        """Every period, in order."""
        return sorted(self.cells["period"].unique())

    @cached_property
    def rows(self) -> pd.DataFrame:
        """One row for each rep × product with `KEYS`, as the run writes them."""
        return self.cells.drop_duplicates(["rep_id", "product_id"])[list(KEYS)].reset_index(drop=True)

    @cached_property
    def places(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Row of `rows` and number of the period of each cell."""
        rows = pd.MultiIndex.from_frame(self.rows[["rep_id", "product_id"]])
        row = rows.get_indexer(pd.MultiIndex.from_frame(self.cells[["rep_id", "product_id"]]))
        return row, pd.Index(self.periods).get_indexer(pd.Index(self.cells["period"]))

    def spread(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values of the cells as a matrix, shape (rows, periods)."""
        matrix = np.zeros((len(self.rows), len(self.periods)), dtype=values.dtype)
        matrix[self.places] = values
        return matrix

    def text(self, units: Ints) -> NDArray[Any]:
        """Steps of `unit` as money, written exactly."""
        return money_text(units.ravel(), self.unit).reshape(units.shape)


def read_master(run: Run) -> Master:
    """The quotas of a run.

    Raises
    ------
    NoPlanError
        If the run has none.
    """
    cells = run.table("quotas")
    texts = pd.read_csv(run.folder / "quotas.csv", usecols=["quota"], dtype=str, encoding="utf-8-sig")["quota"]
    return Master(run, open_run(run, run.folder.parent.parent).scenario, cells, *whole_steps(texts))


def whole_steps(texts: pd.Series[str]) -> tuple[Ints, Decimal]:
    """Amounts as whole steps of their last decimal, and that step.

    Raises
    ------
    ValueError
        If one of them is no amount.
    """
    unit = Decimal(1).scaleb(-int(texts.str.partition(".")[2].str.len().max()))
    units, faulty = parse_units(texts.to_numpy(dtype=object), unit)
    if faulty:
        raise ValueError(f"{faulty[0][1]}, row {faulty[0][0] + 1} of the quotas")
    return units, unit


def check_totals(master: Master, path: Path, reps: Sequence[str], amounts: Sequence[str]) -> None:
    """Hold amounts as they stand in a written file against the run's, rep by rep and in whole steps.

    Raises
    ------
    RuntimeError
        If they differ, after removing the file: an export that does not add up is a bug, and must not be sent.
    """
    units, faulty = parse_units(np.array(amounts, dtype=object), master.unit)
    written = pd.Series(units).groupby(list(reps)).sum()
    wanted = pd.Series(master.units).groupby(master.cells["rep_id"].to_list()).sum()
    if faulty or not written.equals(wanted):
        path.unlink()
        raise RuntimeError(f"{path.name} does not add up to the quotas of {master.run.id}; it was removed")
