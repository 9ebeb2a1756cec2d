"""The independent check: read the written table again and hold it against every rule, in whole numbers.

Nothing of the optimiser's arithmetic is used: amounts are re-read digit by digit from the text, cells are found by
their labels, and sub-totals are added up again from the attributes of reps, products and months.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quotaopt.columns import MONTH, PRODUCT, REP
from quotaopt.optimize.statement import Block
from quotaopt.problem import Bools, Grouping, Index, Ints, Problem

SIDES = (REP, PRODUCT, MONTH)
COLUMNS = ("rep_id", "product_id", "period", "quota")

WEIGHTED = 1.0  # units that each total of a row that weighs several may be off, and its limit: neither is whole
DIGITS = 18  # characters of an amount that surely fits 64 bits
LARGEST = 2**63 - 1


@dataclass(frozen=True, eq=False)
class Written:
    """The cells of a written table, one line of the file each.

    Attributes
    ----------
    names : rep, product and month as written, each a text per line.
    at : their places in the problem's labels, -1 where unknown.
    units : the quotas in rounding units.
    """

    names: tuple[pd.Categorical, pd.Categorical, pd.Categorical]
    at: tuple[Ints, Ints, Ints]
    units: Ints

    def label(self, line: int) -> str:
        """Name of the cell in this line (0 is the first below the header)."""
        return " ".join(str(side[line]) for side in self.names)

    def cube(self, shape: tuple[int, int, int]) -> Ints:
        """The table as rep × product × month, when no known cell is written twice."""
        cube = np.zeros(shape, dtype=np.int64)
        cube[tuple(place[self.known] for place in self.at)] = self.units[self.known]
        return cube

    @cached_property
    def known(self) -> Bools:
        """Lines whose cell the problem knows."""
        return np.asarray(np.logical_and.reduce([place >= 0 for place in self.at]), dtype=bool)


def check_written(path: Path, problem: Problem, blocks: Sequence[Block], encoding: str = "utf-8-sig") -> list[str]:
    """What is wrong with the table in `path`, in words; an empty list when it keeps every rule.

    Parameters
    ----------
    path : a CSV with columns rep_id, product_id, period, quota (money).
    problem, blocks : labels, unit and the rules' rows with the limits that were promised.
    """
    try:
        cells, faults = read_cells(path, problem, encoding)
    except ValueError as error:  # columns that are not there, bytes of another encoding, lines of other lengths
        return [f"{path.name} is no table of quotas: {error}"]
    faults += _check_cells(cells, problem)
    if not faults:
        cube = cells.cube(problem.index.shape)
        faults = [fault for block in blocks for fault in check_block(cube, problem.index, block)]
    return faults


def read_cells(path: Path, problem: Problem, encoding: str = "utf-8-sig") -> tuple[Written, list[str]]:
    """The cells of a written table in whole units, and the amounts that are none.

    Raises
    ------
    ValueError
        If it is no such table.
    """
    frame = _read(path, encoding, whole=problem.unit == int(problem.unit))
    tables = (problem.index.reps, problem.index.products, problem.index.months)
    names, at = [], []
    for column, table in zip(COLUMNS[:3], tables, strict=True):
        written = frame[column].array
        labels = pd.Index([unescape(str(name)) for name in written.categories])
        place = np.append(table.index.get_indexer(labels), -1)  # the last for a code of -1, a line without a name
        names.append(pd.Categorical.from_codes(written.codes, written.categories))
        at.append(place[written.codes].astype(np.int64))
    units, faulty = _units(frame["quota"], problem.unit)
    cells = Written(tuple(names), tuple(at), units)  # type: ignore[arg-type]
    return cells, [f"{cells.label(line)}: {fault}" for line, fault in faulty]


def _read(path: Path, encoding: str, whole: bool) -> pd.DataFrame:
    """The columns of a table of quotas: amounts as whole numbers if all of them are written so, else as texts.

    Names are texts, also where all of them are digits: 007 is not 7.
    """
    names = COLUMNS[:3]
    kinds = dict.fromkeys(names, "category")
    for texts in ({}, {"quota": "str"}) if whole else ({"quota": "str"},):
        frame = pd.read_csv(
            path, usecols=list(COLUMNS), dtype=kinds | texts, na_filter=False, encoding=encoding, low_memory=False
        )
        if frame["quota"].dtype == np.int64:  # not by rounding: one point or exponent makes the column one of floats
            break
    digits = [name for name in names if pd.api.types.is_numeric_dtype(frame[name].cat.categories)]
    if digits:
        read = pd.read_csv(path, usecols=digits, dtype="str", na_filter=False, encoding=encoding)
        frame = frame.assign(**{name: read[name].astype("category") for name in digits})
    return frame


def _units(amounts: pd.Series[Any], unit: Decimal) -> tuple[Ints, list[tuple[int, str]]]:
    """Amounts of money in whole rounding units: by division where all are whole numbers, else digit by digit."""
    if amounts.dtype == np.int64:
        units, rest = np.divmod(amounts.to_numpy(), min(int(unit), LARGEST))
        if not rest.any():
            return units, []
    return parse_units(amounts.astype(str).to_numpy(dtype=object), unit)


def unescape(text: str) -> str:
    """A text without the apostrophe that keeps spreadsheets from taking it for a formula."""
    return text[1:] if text.startswith(("'=", "'+", "'-", "'@")) else text


def parse_units(texts: Any, unit: Decimal) -> tuple[Ints, list[tuple[int, str]]]:
    """Amounts of money as whole rounding units, exactly: no float ever holds one.

    Parameters
    ----------
    texts : plain decimals like ``-123.45``, object array (n,).

    Returns
    -------
    units, shape (n,), 0 where an amount is none; and (number of the line, what is wrong) for each of those.
    """
    short = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) <= DIGITS
    digits, decimals, plain = _read_digits(np.where(short, texts, "").astype(str))
    exponent = int(unit.as_tuple().exponent)
    places = max(int(decimals.max(initial=0)), -exponent, 0)
    step = int(unit.scaleb(places))  # one unit, in steps of 10^-places
    shift = 10 ** np.minimum(places - decimals, DIGITS)
    plain &= (np.abs(digits) <= LARGEST // shift) & (places <= DIGITS)
    units, rest = np.divmod(np.where(plain, digits * np.where(plain, shift, 1), 0), min(step, LARGEST))
    faulty = []
    for line in np.flatnonzero(~plain | (rest != 0)).tolist():
        units[line], fault = _parse_one(texts[line], unit)
        if fault:
            faulty.append((line, fault))
    return units, faulty


def _read_digits(texts: Any) -> tuple[Ints, Ints, Bools]:
    """Digits of each text as one whole number, how many stand after the point, and whether nothing else is there."""
    letters = np.ascontiguousarray(texts).view(np.uint32).reshape(len(texts), texts.itemsize // 4)
    number, decimals = np.zeros(len(texts), dtype=np.int64), np.zeros(len(texts), dtype=np.int64)
    after, some = np.zeros(len(texts), dtype=bool), np.zeros(len(texts), dtype=bool)
    plain = np.ones(len(texts), dtype=bool)
    for k, letter in enumerate(letters.T):
        digit, point = (letter >= ord("0")) & (letter <= ord("9")), letter == ord(".")
        number = np.where(digit, number * 10 + letter - ord("0"), number)
        decimals += digit & after
        plain &= digit | (letter == 0) | (point & ~after) | ((letter == ord("-")) & (k == 0))
        after |= point
        some |= digit
    return np.where(letters[:, 0] == ord("-"), -number, number), decimals, plain & some


def _parse_one(text: str, unit: Decimal) -> tuple[int, str]:
    """One amount that is long, odd or no multiple of the unit: its units, or 0 and what is wrong."""
    try:
        amount = Decimal(text)
        (p, q), (n, d) = amount.as_integer_ratio(), unit.as_integer_ratio()
    except (InvalidOperation, ValueError, OverflowError):  # not a number, or infinite
        return 0, f"{text!r} is no amount"
    units, rest = divmod(p * d, q * n)
    if rest or abs(units) > LARGEST:
        return 0, f"{text} is no multiple of {unit}" if rest else f"{text} is too large"
    return units, ""


def _check_cells(cells: Written, problem: Problem) -> list[str]:
    """Each cell once, none negative, none where no quota may stand."""
    known = cells.known
    open_cell = np.zeros(known.size, dtype=bool)
    open_cell[known] = problem.eligible[tuple(place[known] for place in cells.at)]
    faults = {
        "written twice": _repeated(cells, problem.index.shape),
        "negative": cells.units < 0,
        "no quota may stand here": (cells.units != 0) & ~open_cell,
    }
    return [f"{cells.label(line)}: {what}" for what, bad in faults.items() for line in np.flatnonzero(bad).tolist()]


def _repeated(cells: Written, shape: tuple[int, int, int]) -> Bools:
    """Lines whose cell, a known one, already stood in an earlier line."""
    lines = np.flatnonzero(cells.known)
    cell = np.ravel_multi_index(tuple(place[lines] for place in cells.at), shape)
    again = np.zeros(cells.known.size, dtype=bool)
    if np.bincount(cell).max(initial=0) > 1:
        again[lines] = True
        again[lines[np.unique(cell, return_index=True)[1]]] = False
    return again


def check_block(cube: Ints, index: Index, block: Block) -> list[str]:
    """Rows of one block that the table breaks."""
    return [
        f"{block.use.name} {block.scope(k)}: {activity:,.0f} units, "
        f"allowed {block.lower[k]:,.0f} to {block.upper[k]:,.0f}"
        for k, activity in _broken(cube, index, block)
    ]


def _broken(cube: Ints, index: Index, block: Block) -> Iterator[tuple[int, float]]:
    """Number and activity of each row beyond its limits; plain totals are compared as whole numbers."""
    expression = block.expression
    totals = {t.grouping.by: add_up(cube, index, t.grouping) for t in expression.terms}
    if expression.plain:
        activity: Any = totals[expression.grouping.by][block.keep]
        lower, upper = _whole(block.lower, -LARGEST), _whole(block.upper, LARGEST)
    else:
        activity, slack = np.zeros(block.size), np.full(block.size, WEIGHTED)
        for term in expression.terms:
            weight = term.weight[block.keep]
            activity += weight * totals[term.grouping.by][term.take[block.keep]]
            slack += WEIGHTED * np.abs(weight)
        lower, upper = block.lower - slack, block.upper + slack
    for k in np.flatnonzero((activity < lower) | (activity > upper)).tolist():
        yield k, activity[k]


def _whole(limits: Any, endless: int) -> Ints:
    """Limits of plain totals, which are whole, as whole numbers."""
    finite = np.isfinite(limits)
    return np.where(finite, np.where(finite, limits, 0).astype(np.int64), endless)


def add_up(cube: Ints, index: Index, grouping: Grouping) -> Ints:
    """Sub-totals in the order of the grouping's labels, added up by the attributes it names."""
    tables = zip(SIDES, (index.reps, index.products, index.months), index.attributes, strict=True)
    for axis, (side, table, known) in enumerate(tables):
        asked = [a for a in grouping.by if a in known]
        if not asked:
            cube = cube.sum(axis=axis, keepdims=True)
        elif side not in asked:
            of_item = list(zip(*(table[a].astype(str) for a in asked), strict=True))
            place = {name: k for k, name in enumerate(sorted(set(of_item)))}
            total = np.zeros((*cube.shape[:axis], len(place), *cube.shape[axis + 1 :]), dtype=np.int64)
            np.add.at(np.moveaxis(total, axis, 0), [place[name] for name in of_item], np.moveaxis(cube, axis, 0))
            cube = total
    return cube.reshape(-1)
