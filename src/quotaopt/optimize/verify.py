"""The independent check: read the written table again and hold it against every rule, in whole numbers.

Nothing of the optimiser's arithmetic is used: amounts are re-read from the text as decimals and added up by label.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd

from quotaopt.columns import MONTH, PRODUCT, REP
from quotaopt.optimize.statement import Block
from quotaopt.problem import Grouping, Index, Ints, Problem

SIDES = (REP, PRODUCT, MONTH)

WEIGHTED = 2  # units a row that weighs several totals may be off: its limit is no whole number


def check_written(path: Path, problem: Problem, blocks: Sequence[Block], encoding: str = "utf-8-sig") -> list[str]:
    """What is wrong with the table in `path`, in words; an empty list when it keeps every rule.

    Parameters
    ----------
    path : a CSV with columns rep_id, product_id, period, quota (money).
    problem, blocks : labels, unit and the rules' rows with the limits that were promised.
    """
    cells, faults = read_units(path, problem.unit, encoding)
    faults += _check_cells(cells, problem)
    if not faults:
        faults = [fault for block in blocks for fault in check_block(cells, problem.index, block)]
    return faults


def read_units(path: Path, unit: Decimal, encoding: str) -> tuple[pd.DataFrame, list[str]]:
    """The cells of a written table in whole units, and amounts that are not whole."""
    with path.open(encoding=encoding, newline="") as file:
        rows = [(r["rep_id"], r["product_id"], r["period"], Decimal(r["quota"]) / unit) for r in csv.DictReader(file)]
    faults = [f"{r} {p} {t}: {q * unit} is no multiple of {unit}" for r, p, t, q in rows if q != q.to_integral_value()]
    units = pd.DataFrame(
        [(_plain(r), _plain(p), t, int(q)) for r, p, t, q in rows],
        columns=[*SIDES, "units"],
    )
    return units, faults


def _plain(text: str) -> str:
    """A text without the apostrophe that keeps spreadsheets from taking it for a formula."""
    return text[1:] if text.startswith(("'=", "'+", "'-", "'@")) else text


def _check_cells(cells: pd.DataFrame, problem: Problem) -> list[str]:
    """Each cell once, none negative, none where no quota may stand."""
    tables = (problem.index.reps, problem.index.products, problem.index.months)
    at = [table.index.get_indexer(pd.Index(cells[side])) for table, side in zip(tables, SIDES, strict=True)]
    known = np.logical_and.reduce([k >= 0 for k in at])
    open_cell = np.zeros(len(cells), dtype=bool)
    open_cell[known] = problem.eligible[tuple(k[known] for k in at)]
    faults = {
        "written twice": cells.duplicated(list(SIDES)),
        "negative": cells["units"] < 0,
        "no quota may stand here": (cells["units"] != 0) & ~open_cell,
    }
    return [
        f"{' '.join(row)}: {what}" for what, bad in faults.items() for row in cells.loc[bad, list(SIDES)].to_numpy()
    ]


def check_block(cells: pd.DataFrame, index: Index, block: Block) -> list[str]:
    """Rows of one block that the cells break."""
    activity = np.zeros(block.size)
    for term in block.expression.terms:
        activity += (term.weight * _subtotals(cells, index, term.grouping)[term.take])[block.keep]
    slack = 0 if block.expression.plain else WEIGHTED
    broken = np.flatnonzero((activity < block.lower - slack) | (activity > block.upper + slack))
    return [
        f"{block.use.name} {block.scope(k)}: {activity[k]:,.0f} units, "
        f"allowed {block.lower[k]:,.0f} to {block.upper[k]:,.0f}"
        for k in broken.tolist()
    ]


def _subtotals(cells: pd.DataFrame, index: Index, grouping: Grouping) -> Ints:
    """Sub-totals by label, in the order of the grouping's labels."""
    keys, table = [], cells
    for side, attributes, names in zip(
        SIDES, (index.reps, index.products, index.months), index.attributes, strict=True
    ):
        asked = [a for a in grouping.by if a in names]
        if side in asked:
            keys.append(side)
        elif asked:
            table = table.join(attributes[asked].add_suffix(f" of {side}"), on=side)
            keys += [f"{a} of {side}" for a in asked]
    if not keys:
        return np.array([table["units"].sum()])
    sums = table.groupby(keys)["units"].sum()
    sums.index = pd.Index([" ".join(k) if isinstance(k, tuple) else k for k in sums.index])
    return np.asarray(sums.reindex(grouping.labels).fillna(0), dtype=np.int64)
