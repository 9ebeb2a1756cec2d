"""Several solvers, each in a process of its own: they agree to the unit, and none of them can harm the rest."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quotaopt import crosscheck
from quotaopt.apart import StoppedError, call_apart
from quotaopt.archive import Run
from quotaopt.check import load_scenarios
from quotaopt.crosscheck import Failure, ask, solve_with_each
from quotaopt.errors import SolverError
from quotaopt.optimize.solvers import installed
from quotaopt.plan import Plan
from quotaopt.problem import Problem
from quotaopt.run import run_scenario
from quotaopt.scenario import Scenario

from .office import open_office, write_project

POSIX = pytest.mark.skipif(os.name != "posix", reason="needs signals and shell scripts")


# A function in a process of its own


def test_a_function_apart_gives_what_it_returns() -> None:
    assert call_apart(divmod, 17, 5, seconds=60) == (3, 2)
    assert call_apart(os.getpid, seconds=60) != os.getpid()


def test_an_error_there_is_told_in_its_words() -> None:
    with pytest.raises(StoppedError, match=r"crashed \(exit code 1\): .*InvalidOperation"):
        call_apart(Decimal, "no number", seconds=60)


@POSIX
@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV"])
def test_a_signal_there_is_named(name: str) -> None:
    with pytest.raises(StoppedError, match=f"killed by {name}") as caught:
        call_apart(signal.raise_signal, getattr(signal, name), seconds=60)
    assert not caught.value.late


def test_too_late(tmp_path: Path) -> None:
    """It is killed at its limit, and its temporary files go with it."""
    began = time.perf_counter()
    with pytest.raises(StoppedError, match="was stopped after 1 s without an answer") as caught:
        call_apart(time.sleep, 60, seconds=1)
    assert caught.value.late
    assert time.perf_counter() - began < 20


def test_the_callers_script_is_not_run_again(tmp_path: Path) -> None:
    """A script without a main guard may compare solvers."""
    script = tmp_path / "script.py"
    script.write_text(
        "print('once')\nfrom quotaopt.apart import call_apart\nprint(call_apart(divmod, 7, 2, seconds=60))\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True, env=environment, cwd=tmp_path
    )
    assert done.stdout == "once\n(3, 1)\n"


PARENT = """
import subprocess, sys, time
from quotaopt.apart import call_apart
call_apart(subprocess.run, ["sh", "-c", "echo $$ > pid; sleep 60; true"], seconds=60)
"""


def alive(pid: int) -> bool:
    """Whether a process still runs; one that has ended but was not yet waited for does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_for(what: object, seconds: float = 20.0) -> bool:
    """Whether it becomes true in time."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        if what():  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False


@POSIX
def test_nothing_stays_when_the_caller_is_killed(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TMPDIR": str(tmp_path)}
    caller = subprocess.Popen([sys.executable, "-c", PARENT], cwd=tmp_path, env=environment)
    pid = tmp_path / "pid"
    assert wait_for(lambda: pid.exists() and pid.read_text().strip())
    caller.kill()
    caller.wait()
    assert wait_for(lambda: not alive(int(pid.read_text())))


# Whole runs


@pytest.mark.parametrize("seed", [3, 7])
def test_every_solver_gives_the_same_run(seed: int, tmp_path: Path) -> None:
    """Rules that cross, locks, reps who come and go: the same integers from all that are installed."""
    write_project(tmp_path, seed)
    run = compare(tmp_path, "base", *installed())
    table = run.table("solvers")
    assert table["solver"].tolist() == [*installed()]
    assert table["status"].unique().tolist() == ["optimal"]
    assert table["largest_cell_difference"].tolist() == [0] * len(table)
    assert table["largest_rep_difference"].tolist() == [0] * len(table)
    assert np.ptp(table["goal_1"]) <= 1e-9 * abs(table["goal_1"][0])
    assert (table[["build_seconds", "solve_seconds"]] >= 0).all(axis=None)
    assert table["detail"].tolist() == [""] * len(table)
    assert run.exit_code == 0


def test_soft_rules_give_way_alike(project: Path) -> None:
    """A cap that cannot hold, at a price."""
    (scenario,) = load_scenarios(
        ["stretch"], project, ["rules.stay_within_capacity.stretch=1.1", "rules.stay_within_capacity.penalty=1"]
    )
    run = run_scenario(scenario, solvers=list(installed()))
    assert run.table("solvers")["largest_cell_difference"].tolist() == [0] * len(installed())
    assert run.exit_code == 0


def test_a_scenario_without_a_plan(project: Path) -> None:
    """Every solver says so; nothing differs."""
    run = compare(project, "impossible", "highs", "highs-ipx")
    table = run.table("solvers")
    assert table["status"].tolist() == ["infeasible", "infeasible"]
    assert all(table["detail"])
    assert run.exit_code == 3


def compare(project: Path, name: str, *solvers: str) -> Run:
    (scenario,) = load_scenarios([name], project)
    return run_scenario(scenario, solvers=solvers)


def test_one_solver_named_twice_works_here(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No second process for a single solver."""
    monkeypatch.setattr(crosscheck, "call_apart", None)
    assert compare(project, "base", "highs", "highs").table("solvers")["solver"].tolist() == ["highs"]


# Solvers that misbehave: a glpsol of our own on the PATH


@pytest.fixture
def pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Put a shell script in the place of GLPK; ``$REAL`` is the real one."""

    def put(script: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir()
        path = folder / "glpsol"
        real = shutil.which("glpsol") or "false"
        version = 'if [ "$1" = --version ]; then echo "GLPSOL: GLPK LP/MIP Solver, v9.9 "; exit; fi'
        path.write_text(f"#!/bin/sh\n{version}\nREAL={real}\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        return tmp_path / "pid"

    return put


NONSENSE = r"""
"$REAL" "$@"
while [ $# -gt 1 ]; do [ "$1" = -w ] && out=$2; shift; done
sed 's/^\(j [0-9]* [a-z]\) .*/\1 7 0/' "$out" > "$out.new" && mv "$out.new" "$out"
"""


@POSIX
@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("kill -KILL $PPID", "its process was killed by SIGKILL"),
        ("kill -SEGV $PPID", "its process was killed by SIGSEGV"),
        ("exit 1", "crashed: "),
        pytest.param(NONSENSE, "nonsense", marks=pytest.mark.skipif(not shutil.which("glpsol"), reason="no GLPK here")),
    ],
    ids=["killed", "segfault", "error", "nonsense"],
)
def test_a_solver_that_fails_is_reported_and_the_rest_go_on(
    script: str, says: str, project: Path, pretend: object
) -> None:
    pretend(script)  # type: ignore[operator]
    run = compare(project, "base", "glpk", "highs")
    table = run.table("solvers").set_index("solver")
    assert table.loc["glpk", "status"] == "failed"
    assert says in table.loc["glpk", "detail"]
    assert table.loc["highs", ["status", "largest_cell_difference"]].tolist() == ["optimal", 0]
    assert pd.isna(table.loc["glpk", "largest_cell_difference"])
    assert says in run.table("warnings")["message"].iloc[0]
    assert run.table("quotas")["quota"].sum() == 120_000
    assert run.record["solver"] == "highs"
    assert run.exit_code == 4


@POSIX
def test_a_solver_that_never_ends_is_killed(project: Path, pretend: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """At solver.seconds and some grace, with the program it had started."""
    pid = pretend(f"echo $$ > {project.parent}/pid; sleep 300; true")  # type: ignore[operator]
    monkeypatch.setattr(crosscheck, "GRACE", 19.0)
    write_project(project.parent / "office", 3)
    office = open_office(project.parent / "office", "solver.seconds=1")
    answer = ask(office.problem, office.scenario, "glpk")
    assert answer == Failure("no_solution", "was stopped after 20 s without an answer")
    assert wait_for(lambda: not alive(int(pid.read_text())))


def test_when_none_answers(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crosscheck, "ask", lambda *_: Failure("failed", "gave up"))
    with pytest.raises(SolverError, match="solver highs: gave up"):
        compare(project, "base", "highs", "highs-ipx")


def test_a_plan_counts_more_than_the_word_that_there_is_none(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first solver calls it impossible, the second has a plan that keeps every rule."""
    write_project(tmp_path / "office", 3)
    office = open_office(tmp_path / "office")
    good = office.plan()

    def answer(problem: Problem, scenario: Scenario, solver: str) -> Plan:
        return good if solver == "highs" else Plan("infeasible", problem, solver, sentence="no plan can be")

    monkeypatch.setattr(crosscheck, "ask", answer)
    found = solve_with_each(office.problem, office.scenario, ["highs-ipx", "highs"])
    assert found.plan is good
    assert found.exit_code == 4
    assert [note.what for note in found.notes] == ["solver highs-ipx: no plan can be"]
