"""Check a run on disk again: from its own scenario and data, by the files it left, in whole units."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from quotaopt.archive import Run
from quotaopt.case import changed_files, open_run
from quotaopt.columns import MONTH, PRODUCT, REGION, REP
from quotaopt.decisions import decide
from quotaopt.errors import NoPlanError
from quotaopt.ledgers.beside import beside_plan
from quotaopt.optimize.nearly import Deviation, give_way
from quotaopt.optimize.verify import add_up, check_written, parse_units, read_cells, unescape
from quotaopt.optimize.verify_accounts import check_accounts
from quotaopt.problem import Grouping, Ints, Problem
from quotaopt.record import tables_of
from quotaopt.tables import write_csv

TOTALS = {"all": (), "region": (REGION,), "rep": (REP,), "product": (PRODUCT,), "period": (MONTH,),
          "region_product": (REGION, PRODUCT)}  # fmt: skip
VARY = ["run_id", "seconds", "source"]  # a re-run has its own clock, and reads the merged scenario instead of its parts


@dataclass(frozen=True)
class Verdict:
    """What is wrong with a run, in words, and how much was looked at."""

    faults: tuple[str, ...]
    quotas: int = 0
    rules: int = 0


def recheck(run: Run, project: Path, rerun: bool = False) -> Verdict:
    """Hold the written quotas and totals of a run against its scenario and data.

    Parameters
    ----------
    rerun : plan again as well, and compare every table.

    Raises
    ------
    NoPlanError
        If the run ended without a plan.
    InputError
        If its scenario or data cannot be read.
    """
    if run.status not in ("optimal", "feasible", "approximate"):
        raise NoPlanError(f"run {run.id} has no plan to verify: its status is {run.status}")
    missing = [f"{name}.csv is gone" for name in ("quotas", "totals") if not run.has(name)]
    case = open_run(run, project)
    if faults := missing + list(changed_files(run, project)):
        return Verdict(tuple(faults))
    problem, scenario, encoding = case.problem, case.scenario, case.scenario.settings.output.csv_encoding
    off = [Deviation(*found) for found in run.record.get("deviations", [])]
    blocks = give_way(case.kept, off)
    faults = check_written(run.folder / "quotas.csv", problem, blocks, encoding)
    if not faults:
        cells, _ = read_cells(run.folder / "quotas.csv", problem, encoding)
        faults = list(check_totals(run, problem, cells.cube(problem.index.shape), encoding))
        faults += check_accounts(run.folder, problem.unit, encoding)
    if rerun:
        decided = decide(case.plan(), scenario, case.inputs)
        tables = tables_of(run.id, scenario, case.inputs, case.forecast, case.capacity, decided.plan)
        tables |= beside_plan(decided, scenario, case.inputs)
        faults += compare_tables(run, {name: frame for name, (frame, _) in tables.items()}, encoding)
    return Verdict(tuple(faults), int(problem.eligible.sum()), len({block.use.name for block in blocks}))


def check_totals(run: Run, problem: Problem, cube: Ints, encoding: str) -> Iterator[str]:
    """Where ``totals.csv`` or the record is not what the quotas add up to."""
    try:
        frame = _read(run.folder / "totals.csv", encoding)[["level", "key", "quota"]]
    except (ValueError, KeyError) as error:
        yield f"totals.csv is no table of totals: {error}"
        return
    units, odd = parse_units(frame["quota"].to_numpy(dtype=object), problem.unit)
    levels, keys = frame["level"].tolist(), [unescape(key) for key in frame["key"]]
    at = {line: f"totals.csv {levels[line]} {keys[line]}" for line in range(len(frame))}
    yield from (f"{at[line]}: {what}" for line, what in odd)
    wrong = {line for line, _ in odd}
    asked = dict(expected_totals(problem, cube))
    for line, pair in enumerate(zip(levels, keys, strict=True)):
        total = asked.pop(pair, None)
        if total is None:
            yield f"{at[line]}: written twice, or nothing the plan has"
        elif line not in wrong and total != units[line]:
            yield f"{at[line]}: {frame['quota'][line]} written, the quotas add up to {total * problem.unit:f}"
    yield from (f"totals.csv {level} {key}: is missing" for level, key in asked)
    whole = int(cube.sum()) * problem.unit
    if run.record["quota"] != (int(whole) if whole == int(whole) else float(whole)):
        yield f"run.json: quota is {run.record['quota']}, the quotas add up to {whole:f}"


def expected_totals(problem: Problem, cube: Ints) -> Iterator[tuple[tuple[str, str], int]]:
    """Level and key of each row of ``totals.csv``, and its quota in units."""
    for level, by in TOTALS.items():
        grouping = problem.group(*by)
        for key, total in zip(_keys(grouping), add_up(cube, problem.index, grouping).tolist(), strict=True):
            yield (level, key), total


def _keys(grouping: Grouping) -> list[str]:
    sides = [names for names, used in zip(grouping.names, grouping.used, strict=True) if used]
    return ["/".join(names) for names in product(*sides)] if sides else ["all"]


def compare_tables(run: Run, tables: dict[str, pd.DataFrame], encoding: str) -> list[str]:
    """Where the tables of a run are not what they come out as now; warnings name other files and are left out."""
    faults = []
    with tempfile.TemporaryDirectory(prefix="quotaopt-") as folder:
        for name, frame in tables.items():
            if name == "warnings":
                continue
            fresh, old = Path(folder) / f"{name}.csv", run.folder / f"{name}.csv"
            write_csv(frame, fresh, encoding)
            if not old.is_file():
                faults.append(f"{name}.csv is gone")
                continue
            try:
                faults += _differences(name, _read(old, encoding), _read(fresh, encoding))
            except ValueError as error:
                faults.append(f"{name}.csv is no table: {error}")
    return faults


def _read(path: Path, encoding: str) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, na_filter=False, encoding=encoding).drop(columns=VARY, errors="ignore")


def _differences(name: str, old: pd.DataFrame, new: pd.DataFrame) -> list[str]:
    if list(old) != list(new) or len(old) != len(new):
        was, now = (f"{len(t):,} rows × {len(t.columns)} columns" for t in (old, new))
        return [f"{name}.csv: {was}, a re-run gives {now}, or columns of other names"]
    off = (old != new).to_numpy()
    if not off.any():
        return []
    row, column = (int(k) for k in np.argwhere(off)[0])
    was, now = (str(table.iloc[row, column]) for table in (old, new))
    first = f"{old.columns[column]} in line {row + 2} is {was!r}, a re-run gives {now!r}"
    return [f"{name}.csv: {np.count_nonzero(off):,} values differ; the first: {first}"]
