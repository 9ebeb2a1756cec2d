"""Batches: variations, processes, one forecast for all, and going on after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from quotaopt import batch as batch_module
from quotaopt.archive import list_runs
from quotaopt.batch import load_variations, run_batch
from quotaopt.check import Read, check_scenario
from quotaopt.errors import InputError
from quotaopt.forecast import make_forecast
from quotaopt.memory import UNREAD, Memory, same_forecast
from quotaopt.scenario import Scenario, load_scenario
from quotaopt.settings import Settings
from quotaopt.tables import read_inputs

Call = Callable[..., tuple[int, str, str]]
TABLE = """
scenario                                 target   quotas   over  stretch mid   max  reps over capacity  binding rules
base+target=96000+overassignment=0       96,000   96,000  0.0 %         0.80  0.80                   0              0
base+target=96000+overassignment=0.05    96,000  100,800  5.0 %         0.84  0.84                   0              0
base+target=108000+overassignment=0     108,000  108,000  0.0 %         0.90  0.90                   0              0
base+target=108000+overassignment=0.05  108,000  113,400  5.0 %         0.94  0.94                   0              0
base+target=120000+overassignment=0     120,000  120,000  0.0 %         1.00  1.00                   0              0
base+target=120000+overassignment=0.05  120,000  126,000  5.0 %         1.05  1.05                   4              0
"""


def test_one_table_tells_of_every_variation(project: Path, call: Call) -> None:
    varies = ("--vary", "target=96000,108000,120000", "--vary", "overassignment=0,0.05")
    code, out, err = call("run", "base", "-C", project, *varies)
    assert (code, err) == (0, "")
    lines = [line.rstrip() for line in out.splitlines()]
    assert "\n".join(lines[:-3]) == TABLE
    assert lines[-3].startswith("Note    more is asked than forecast: the company 126,000 against 120,000")
    assert lines[-2].startswith("Saved   6 runs, runs/")
    first, second = "base+target=96000+overassignment=0", "base+target=96000+overassignment=0.05"
    assert lines[-1] == f"Next    quotaopt compare {first} {second} --by region"
    oldest = list_runs(project)[-1]
    assert oldest.record["varied"] == {"target": "96000", "overassignment": "0"}


def test_variations_of_several_scenarios_stand_together(project: Path) -> None:
    loaded = load_variations(["stretch", "base"], project, (), ["target=1,2"])
    assert [scenario.name for scenario, _ in loaded] == [
        "stretch+target=1", "stretch+target=2", "base+target=1", "base+target=2",
    ]  # fmt: skip
    assert [given for _, given in loaded] == [{"target": "1"}, {"target": "2"}] * 2


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('goals=["level_stretch"],["level_growth","follow_pattern"]', ['["level_stretch"]',
                                                                       '["level_growth","follow_pattern"]']),
        ("rules.meet_target={},false", ["{}", "false"]),
        ("target = 1 , 2", ["1", "2"]),
    ],
)  # fmt: skip
def test_commas_inside_brackets_stay(text: str, values: list[str]) -> None:
    assert batch_module._read_vary(text)[1] == values


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("target", "--vary  not KEY=V1,V2 (got 'target'). Write --vary target=48e6,50e6."),
        ("target=1,,2", "--vary  not KEY=V1,V2 (got 'target=1,,2'). Write --vary target=48e6,50e6."),
        ("target=1,1", "--vary  the same value twice (got 'target=1,1'). Leave one out."),
        ("tagret=1,2", "--vary  no such key (got 'tagret'). Did you mean 'target'?"),
    ],
)
def test_a_slip_is_told(project: Path, call: Call, text: str, said: str) -> None:
    assert call("run", "base", "-C", project, "--vary", text) == (1, "", f"{said}\n1 problem. Nothing was run.\n")


def test_every_variation_is_checked_before_the_first_runs(project: Path, call: Call) -> None:
    code, out, err = call("run", "base", "-C", project, "--vary", "target=100,-5,x")
    assert (code, out) == (1, "")
    assert err == (
        "--set  target: must be greater than 0 (got '-5').\n"
        "--set  target: not a plain number (got 'x').\n2 problems. Nothing was run.\n"
    )
    assert list_runs(project) == []


def quotas(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "quotas.csv").drop(columns="run_id")


def test_alone_together_and_apart_give_the_same_tables(project: Path, tmp_path: Path) -> None:
    varies = ["target=96000,120000"]
    made = {}
    for jobs in (1, 2):
        done = run_batch(load_variations(["base"], project, (), varies), jobs=jobs, out=tmp_path / str(jobs))
        assert done.failure is None
        made[jobs] = [quotas(run.folder) for run in done.runs]
    alone = [
        run_batch(load_variations(["base"], project, (), [f"target={value}"]), out=tmp_path / "alone").runs[0]
        for value in (96000, 120000)
    ]
    for one, together, apart in zip(alone, made[1], made[2], strict=True):
        pd.testing.assert_frame_equal(quotas(one.folder), together)
        pd.testing.assert_frame_equal(together, apart)


def test_the_forecast_is_made_once_for_those_that_share_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Counter[str]()
    checked = list[str]()

    def look(scenario: Scenario, read: Read) -> object:
        checked.append(scenario.name)
        return check_scenario(scenario, read)

    monkeypatch.setattr("quotaopt.check.check_scenario", look)

    def count(inputs: object, settings: Settings) -> object:
        made[str(settings.forecast.months)] += 1
        return make_forecast(inputs, settings)  # type: ignore[arg-type]

    monkeypatch.setattr("quotaopt.memory.make_forecast", count)
    loaded = load_variations(["base", "stretch"], project, (), ["target=96000,120000", "forecast.months=24,36"])
    assert len(run_batch(loaded).runs) == 8
    assert made == {"24": 1, "36": 1}
    assert sorted(checked) == sorted(scenario.name for scenario, _ in loaded)  # and checked once


def test_memory_forgets_what_nobody_needs(project: Path) -> None:
    scenario = load_scenario("base", project)
    memory = Memory({same_forecast(scenario): 2})
    first = memory.forecast(scenario, memory.read(scenario))
    assert memory.forecasts
    assert memory.forecast(scenario, memory.read(scenario)) is first
    assert not memory.forecasts
    assert not memory.tables


class Watched:
    """Settings that tell when somebody looks at what the forecast must not depend on."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def __getattr__(self, name: str) -> object:
        assert name not in UNREAD, f"the forecast looks at {name}"
        return getattr(self.settings, name)


def test_neither_tables_nor_forecast_look_at_the_target(project: Path) -> None:
    scenario = load_scenario("base", project)
    watched = type("Scenario", (), {**vars(scenario), "settings": Watched(scenario.settings),
                                    "show": scenario.show, "source": scenario.source})()  # fmt: skip
    inputs = read_inputs(watched)
    assert make_forecast(inputs, Watched(scenario.settings)).reps  # type: ignore[arg-type]


def test_a_batch_goes_on_after_what_cannot_be_run(project: Path, call: Call) -> None:
    code, out, _ = call("run", "base", "impossible", "stretch", "-C", project, "--vary", "overassignment=0,0.02")
    assert code == 3
    assert out.count("no plan can exist") == 2
    assert len(list_runs(project)) == 6


def test_resume_keeps_what_is_the_same_and_runs_the_rest(project: Path, call: Call) -> None:
    call("run", "base", "-C", project, "--vary", "target=96000")
    code, out, err = call("run", "base", "-C", project, "--vary", "target=96000,120000", "--resume", "-q")
    assert (code, err) == (0, "")
    assert len(out.split()) == 2
    assert len(list_runs(project)) == 2
    code, _, err = call("run", "base", "-C", project, "--vary", "target=96000,120000", "--resume")
    assert (code, err) == (0, "Kept 2 of 2 from before; nothing they depend on has changed.\n")
    history = project / "scenarios/data/history.csv"
    history.write_text(history.read_text().replace("R1,core,2025-01,750", "R1,core,2025-01,751"))
    assert call("run", "base", "-C", project, "--vary", "target=96000,120000", "--resume")[2] == ""
    assert len(list_runs(project)) == 4


def test_a_killed_batch_loses_nothing_and_goes_on(project: Path) -> None:
    arguments = [sys.executable, "-m", "quotaopt", "run", "base", "-C", str(project), "--format", "json",
                 "--vary", "target=" + ",".join(str(90_000 + 100 * k) for k in range(24))]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while len(list_runs(project)) < 3:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    kept = {run.id for run in list_runs(project)}
    assert 3 <= len(kept) < 24
    done = subprocess.run([*arguments, "--resume"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr == f"Kept {len(kept)} of 24 from before; nothing they depend on has changed.\n"
    ids = {run["id"] for run in json.loads(done.stdout)["runs"]}
    assert kept < ids
    assert len(ids) == 24


def test_usage(project: Path, call: Call, tmp_path: Path) -> None:
    code, _, err = call("run", "base", "-C", project, "--vary", "target=1,2", "--write-model", tmp_path / "m.mps")
    assert code == 2
    assert "--write-model writes one model: run one scenario" in err


def test_every_problem_of_a_batch_once(project: Path) -> None:
    (project / "scenarios/data/history.csv").write_text("rep_id,product_id,month,amount\nR1,core,2026-01,x\n")
    with pytest.raises(InputError) as caught:
        run_batch(load_variations(["base"], project, (), ["target=1,2,3"]))
    assert [(f.column, f.value) for f in caught.value.findings if f.severity == "error"] == [("amount", "x")]
