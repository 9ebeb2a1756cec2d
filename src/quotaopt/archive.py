"""Runs on disk: one folder per run, found by id, unique prefix, scenario name or ``last``.

A folder is written under a hidden name and renamed when it is whole: readers never see half a run, and a kill
at any moment leaves at most a hidden folder, which a later run removes.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quotaopt import columns as c
from quotaopt.columns import hand as h
from quotaopt.columns import metrics as m
from quotaopt.columns import people as p
from quotaopt.columns import quality as q
from quotaopt.columns import tree as t
from quotaopt.errors import Finding, InputError, NoPlanError, UnknownNameError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from quotaopt.forecast import Forecast

ESCAPE = r"^'(?=[=+\-@])"
RECORD, SAMPLES = "run.json", "samples.npz"
MOST_SAMPLES = 10_000_000  # numbers of samples.npz, of 4 bytes each
LEAST_DRAWS = 50
STALE_SECONDS = 3600.0  # writing takes seconds: a hidden folder older than this is what a kill left behind
TABLES = {
    "quotas": c.QUOTAS, "totals": c.TOTALS, "forecast": c.FORECAST, "capacity": c.CAPACITY, "outlook": c.OUTLOOK,
    "vacant": c.VACANT, "fenced": c.FENCED, "floored": c.FLOORED, "accuracy": c.ACCURACY,
    "rules": c.RULES, "goals": c.GOALS, "fairness": c.FAIRNESS, "measures": c.MEASURES, "warnings": c.WARNINGS,
    "conflicts": c.CONFLICTS, "solvers": c.SOLVERS, "nodes": t.NODES,
    "metric_quotas": m.METRIC_QUOTAS, "metrics": m.METRICS, "levels": m.LEVELS,
    "overrides": h.OVERRIDES, "commits": h.COMMITS, "overlay": h.OVERLAY, "potential": h.POTENTIAL, "units": h.UNITS,
    "accounts": h.ACCOUNTS, "local": h.LOCAL, "windfall": h.WINDFALL, "inversions": q.INVERSIONS,
    "leave": p.LEAVE, "uncovered": p.UNCOVERED, "excluded": p.EXCLUDED,
}  # fmt: skip


@dataclass(frozen=True)
class Run:
    """A plan on disk with all that made it.

    Attributes
    ----------
    folder : where the run is.
    record : what ``run.json`` holds.
    """

    folder: Path
    record: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Name of the run, like ``2027-01-04-base-1``."""
        return str(self.record["id"])

    @property
    def scenario(self) -> str:
        """Name of the scenario that was run."""
        return str(self.record["scenario"])

    @property
    def status(self) -> str:
        """How the solver ended: optimal, feasible, approximate, infeasible, no_solution or failed."""
        return str(self.record["status"])

    @property
    def exit_code(self) -> int:
        """What `quotaopt run` returned for this run."""
        return int(self.record["exit_code"])

    def has(self, name: str) -> bool:
        """Whether the run wrote this table."""
        return (self.folder / f"{name}.csv").exists()

    def need_plan(self, to: str) -> None:
        """Stop what a run without a plan cannot be used for.

        Raises
        ------
        NoPlanError
            If the run wrote no quotas.
        """
        if not self.has("quotas"):
            raise NoPlanError(f"run {self.id} has no plan to {to}: its status is {self.status}")

    def table(self, name: str) -> pd.DataFrame:
        """One table of the run: texts, floats and truth values; empty cells are ``""`` or nan.

        Raises
        ------
        NoPlanError
            If the run has no such table, as an impossible scenario has no quotas.
        """
        import pandas as pd

        if not self.has(name):
            raise NoPlanError(f"run {self.id} has no {name}.csv: its status is {self.status}")
        frame = pd.read_csv(self.folder / f"{name}.csv", dtype=str, keep_default_na=False, encoding="utf-8-sig")
        types = {column.name: column.type for column in TABLES[name]}
        return frame.apply(lambda column: _typed(column, types.get(str(column.name), "number")))

    def samples(self) -> dict[str, NDArray[Any]]:
        """What ``samples.npz`` holds, see `write_samples`.

        Raises
        ------
        NoPlanError
            If the run has none.
        """
        import numpy as np

        if not (self.folder / SAMPLES).exists():
            raise NoPlanError(f"run {self.id} has no {SAMPLES}: it was made by an earlier version")
        with np.load(self.folder / SAMPLES) as file:
            return {name: file[name] for name in file.files}


def read_texts(path: Path) -> pd.DataFrame:
    """A table as we write it: every cell its exact text, without the apostrophe that guards it in a spreadsheet."""
    import pandas as pd

    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    return frame.replace(ESCAPE, "", regex=True)


def write_samples(folder: Path, forecast: Forecast, seed: int) -> dict[str, Any]:
    """Write the joint sample paths of rep months to ``samples.npz``; returns what ``run.json`` says of them.

    The file holds ``samples`` (reps, months, draws), potential in money as float32, and ``rep_id``, ``period`` and
    ``seed``. Draw ``b`` is one way the plan may go, the same for all reps. With very many reps it holds the first
    draws only, and beyond that sums over the plan instead of months: then ``samples`` is (reps, 1, draws) and
    ``period`` names the first and the last month, like ``2027-01/2027-12``.
    """
    import numpy as np

    paths, months = forecast.samples, list(forecast.months)
    kept = min(paths.shape[2], max(LEAST_DRAWS, MOST_SAMPLES // max(paths.shape[0] * paths.shape[1], 1)))
    paths = paths[:, :, :kept]
    if paths.size > MOST_SAMPLES:
        paths, months = paths.sum(axis=1, keepdims=True), [f"{months[0]}/{months[-1]}"]
    np.savez(
        folder / SAMPLES,
        samples=paths.astype(np.float32),
        rep_id=np.array(forecast.reps, dtype=str),
        period=np.array(months, dtype=str),
        seed=np.array(seed),
    )
    return {"file": SAMPLES, "draws": kept, "made": forecast.samples.shape[2], "periods": len(months), "seed": seed}


def _typed(column: pd.Series[str], kind: str) -> pd.Series[Any]:
    if kind in ("number", "integer"):
        return column.where(column != "", "nan").astype(float)
    if kind == "boolean":
        return column.str.lower() == "true"
    return column.str.replace(ESCAPE, "", regex=True)


@contextmanager
def new_folder(parent: Path, stem: str) -> Iterator[tuple[str, Path]]:
    """Yield the id and the hidden folder of a new run; renamed on success, removed on any failure."""
    parent.mkdir(parents=True, exist_ok=True)
    _remove_stale(parent)
    run_id, hidden = _reserve(parent, stem)
    try:
        yield run_id, hidden
        hidden.rename(parent / run_id)
    except BaseException:
        shutil.rmtree(hidden, ignore_errors=True)
        raise


def _reserve(parent: Path, stem: str) -> tuple[str, Path]:
    """The next free number; making the hidden folder is what reserves it."""
    number = 1
    while True:
        run_id = f"{stem}-{number}"
        hidden = parent / f".{run_id}"
        if not (parent / run_id).exists():
            try:
                hidden.mkdir()
            except FileExistsError:  # another run is writing it
                pass
            else:
                if not (parent / run_id).exists():
                    return run_id, hidden
                hidden.rmdir()  # that run was renamed in between
        number += 1


def _remove_stale(parent: Path) -> None:
    for hidden in parent.glob(".*-*"):
        if hidden.is_dir() and time.time() - hidden.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(hidden, ignore_errors=True)


def load_run(folder: Path) -> Run:
    """The run in this folder.

    Raises
    ------
    InputError
        If it is no run folder.
    """
    try:
        return Run(folder, json.loads((folder / RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise InputError([Finding("not a run folder", f"It has no readable {RECORD}.", file=str(folder))]) from error


def list_runs(project: Path, folder: Path | None = None) -> list[Run]:
    """Every run of the project, newest first; those in `folder` instead of ``runs/`` when given."""
    records = (folder or project / "runs").glob(f"*/{RECORD}")
    found = [load_run(record.parent) for record in records if not record.parent.name.startswith(".")]
    return sorted(found, key=lambda run: (str(run.record["started"]), run.id), reverse=True)


def find_run(project: Path, text: str) -> Run:
    """The run meant by an id, ``last``, a scenario's name (its newest run), a unique prefix, or a folder's path.

    Raises
    ------
    UnknownNameError
        If none is meant.
    InputError
        If a prefix fits more than one; if there are no runs.
    """
    runs = list_runs(project)
    for meant in (
        [run for run in runs if run.id == text],
        runs if text == "last" else [],
        [run for run in runs if run.scenario == text],
    ):
        if meant:
            return meant[0]
    if (Path(text) / RECORD).exists():
        return load_run(Path(text))
    if not runs:
        raise InputError([Finding("there are no runs yet", "Try: quotaopt run.", code="run")])
    meant = [run for run in runs if run.id.startswith(text)]
    if len(meant) > 1:
        ids = ", ".join(run.id for run in meant)
        raise InputError([Finding(f"{text!r} fits {len(meant)} runs: {ids}", "Write more of the id.", code="run")])
    if not meant:
        raise UnknownNameError("run", text, [run.id for run in runs])
    return meant[0]
