"""What the files for other systems have in common: sums by rep and period under ids, written and held against the run.

A file is read back as the other system would read it: by its ids, its periods and its amounts, in whole steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.archive import Run
from quotaopt.errors import Finding, InputError
from quotaopt.export._registry import Options
from quotaopt.export.ids import Card, Wanted, look_up, read_card
from quotaopt.export.ledgers import QUOTAS, read_ledger
from quotaopt.export.master import Ints, Master
from quotaopt.export.periods import Kind, Period, make_periods
from quotaopt.optimize.verify import parse_units, unescape
from quotaopt.tables import write_csv

Split = Literal["none", "product", "family"]


@dataclass(frozen=True, eq=False)
class Layout:
    """The rows of a file.

    Attributes
    ----------
    master : what they are made from.
    roster : to look more up.
    periods : in order.
    place : number of the period of each of the master's cells.
    rep, period, item, units : of each row: the rep, the number of the period, product or family (empty when not
        split), and the quota in whole steps of ``master.unit``.
    ids : rep → id.
    """

    master: Master
    roster: Card
    periods: Sequence[Period]
    place: NDArray[np.intp]
    rep: NDArray[Any]
    period: NDArray[np.intp]
    item: NDArray[Any]
    units: Ints
    ids: Mapping[str, str]

    @property
    def owner(self) -> list[str]:
        """The id of each row's rep."""
        return [self.ids[rep] for rep in self.rep]

    @property
    def amount(self) -> NDArray[Any]:
        """The quota of each row as money, written exactly."""
        return self.master.text(self.units)

    @property
    def starts(self) -> list[str]:
        """The first day of each row's period."""
        return [self.periods[k].start for k in self.period]

    @property
    def ends(self) -> list[str]:
        """The last day of each row's period."""
        return [self.periods[k].end for k in self.period]

    def labels(self, style: str) -> list[str]:
        """The label of each row's period."""
        names = [period.label(style) for period in self.periods]
        return [names[k] for k in self.period]

    def told(self, column: str) -> list[str]:
        """What the roster says of each row's rep; empty where it says nothing."""
        values = self.roster.values(column)
        return [values.get(rep, "") for rep in self.rep]


def lay_out(
    run: Run,
    wanted: Wanted,
    *,
    period: Kind = "month",
    fiscal_start: int = 1,
    split: Split = "none",
    skip_zero: bool = False,
    also: Wanted | None = None,
    ledger: str = QUOTAS,
) -> Layout:
    """Sum a run's quotas by rep, period and item, and find the ids of the reps.

    Parameters
    ----------
    wanted, also : the id of the rows, and one more that each of their reps must have.
    ledger : which quotas, see `read_ledger`.

    Raises
    ------
    InputError
        With every id that is missing, malformed or used twice; if a period is planned in part only.
    NoPlanError
        If the run has no quotas.
    """
    master = read_ledger(run, ledger)
    periods, of_month = make_periods(master.periods, period, fiscal_start)
    place = of_month[pd.Index(master.periods).get_indexer(pd.Index(master.cells["period"]))]
    items = master.cells["product_id"] if split != "none" else pd.Series("", index=master.cells.index)
    if split == "family":
        families = read_card(master, "products").values("family")
        items = items.map(lambda product: families.get(product) or product)
    keys = {"rep": master.cells["rep_id"], "item": items, "period": place}
    sums = pd.DataFrame({**keys, "units": master.units}).groupby(list(keys), as_index=False)["units"].sum()
    if skip_zero:
        sums = sums[sums["units"] != 0]
    roster = read_card(master, "roster")
    found = [look_up(roster, sums["rep"].unique().tolist(), one) for one in (wanted, also) if one and one.column]
    if findings := [finding for _, part in found for finding in part]:
        raise InputError(findings)
    rep, of, item, units = (sums[name].to_numpy() for name in ("rep", "period", "item", "units"))
    return Layout(master, roster, periods, place, rep, of, item, units, found[0][0])


def write_layout(
    layout: Layout,
    path: Path,
    columns: Mapping[str, Sequence[str] | NDArray[Any] | str],
    options: Options,
    *,
    owner: str,
    amount: str,
    period: str = "",
    only: Mapping[str, str] | None = None,
) -> Path:
    """Write columns as CSV, without a mark of the encoding unless it is asked for, and check what was written.

    Parameters
    ----------
    columns : header → texts of the rows, or one text for all of them.
    owner, amount, period : headers of id, quota and period; without `period` there is one.
    only : header → text of the rows that are summed; all when None.
    """
    encoding = options.encoding or "utf-8"
    write_csv(pd.DataFrame(dict(columns), index=range(len(columns[owner])), dtype=object), path, encoding)
    read = pd.read_csv(path, dtype=str, keep_default_na=False, encoding=encoding)
    for header, text in (only or {}).items():
        read = read[read[header] == text]
    reps = {name: rep for rep, name in layout.ids.items()}
    labels = dict(zip(columns[period], layout.period, strict=False)) if period else {}  # others repeat these
    check_written(
        layout,
        path,
        [reps.get(unescape(text), text) for text in read[owner]],
        [int(labels[unescape(text)]) for text in read[period]] if period else [0] * len(read),
        read[amount].tolist(),
    )
    return path


def check_written(
    layout: Layout, path: Path, reps: Sequence[str], periods: Sequence[int], amounts: Sequence[str]
) -> None:
    """Hold the amounts of a file against the run's, by rep and period and in whole steps.

    Raises
    ------
    RuntimeError
        If they differ, after removing the file.
    """
    units, faulty = parse_units(np.array(amounts, dtype=object), layout.master.unit)
    written = pd.Series(units, dtype="int64").groupby([list(reps), list(periods)]).sum()
    keys = [layout.master.cells["rep_id"].to_list(), layout.place.tolist()]
    wanted = pd.Series(layout.master.units).groupby(keys).sum()
    if faulty or not written[written != 0].equals(wanted[wanted != 0]):
        path.unlink()
        raise RuntimeError(f"{path.name} does not add up to the quotas of {layout.master.run.id}; it was removed")


def refuse_repeats(layout: Layout, style: str) -> None:
    """Refuse labels that name two periods.

    Raises
    ------
    InputError
        If the plan is longer than the labels can tell apart.
    """
    names = [period.label(style) for period in layout.periods]
    if len(set(names)) < len(names):
        what = f"the plan is longer than a year, and labels like {names[0] or 'none'!r} do not name the year"
        raise InputError([Finding(what, "Export a plan of one year.", column="period", code="option")])
