"""Many scenarios at once: variations of one, several processes, one forecast for all that share it, and a way on.

`run_batch` decides nothing about plans: each run is made and written by `quotaopt.run.run_scenario`.
"""

from __future__ import annotations

import pickle
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from quotaopt.archive import Run, list_runs
from quotaopt.check import gather, read_checked
from quotaopt.errors import Finding, InputError, QuotaoptError, nearest
from quotaopt.forecast import make_forecast
from quotaopt.memory import Memory, same_forecast
from quotaopt.run import run_scenario, versions
from quotaopt.scenario import Scenario, load_scenario
from quotaopt.settings import known_keys
from quotaopt.tables import read_inputs

VARY = "--vary"
HELD = re.compile(r"""\"[^"]*"|'[^']*'|\[.*?\](?=,|$)|\{.*?\}(?=,|$)""")  # texts, lists and tables: one value


@dataclass(frozen=True)
class Batch:
    """What became of a batch: its runs in order, how many of them were there before, and what stopped it, if anything.

    A run that finds no plan is a run; only what cannot be run at all stops the batch.
    """

    runs: tuple[Run, ...]
    kept: int = 0
    failure: QuotaoptError | None = None


def load_variations(
    names: Sequence[str], project: Path, sets: Sequence[str], varies: Sequence[str]
) -> list[tuple[Scenario, Mapping[str, str]]]:
    """Every scenario with every combination of ``KEY=V1,V2``, each with the values it was given.

    A variation is called like its scenario with the values behind it: ``base+target=48e6``.

    Raises
    ------
    InputError
        With every problem of all of them.
    """
    keys = [_read_vary(text) for text in varies]

    def load(name: str, values: Sequence[str]) -> tuple[Scenario, Mapping[str, str]]:
        given = dict(zip((key for key, _ in keys), values, strict=True))
        added = [f"{key}={value}" for key, value in given.items()]
        scenario = load_scenario(name, project, [*sets, *added])
        return replace(scenario, name="+".join([scenario.name, *map(_plain, added)])), given

    return gather(
        partial(load, name, values) for name in names for values in product(*(options for _, options in keys))
    )


def _read_vary(text: str) -> tuple[str, list[str]]:
    """The key and the values of ``target=48e6,50e6``; commas inside quotes, brackets and braces stay."""
    key, equals, rest = (part.strip() for part in text.partition("="))
    known = list(known_keys())
    parent = key
    while parent and parent not in known:
        parent = parent.rpartition(".")[0]
    held = HELD.sub(lambda found: found[0].replace(",", "\0"), rest)
    values = [part.strip().replace("\0", ",") for part in held.split(",")]
    if not equals or not all(values):
        raise InputError([Finding("not KEY=V1,V2", "Write --vary target=48e6,50e6.", VARY, value=text, code="vary")])
    if not parent:
        near = nearest(key, known)
        raise InputError([Finding("no such key", f"Did you mean {near!r}?" if near else "", VARY, value=key)])
    if len(set(values)) < len(values):
        raise InputError([Finding("the same value twice", "Leave one out.", VARY, value=text, code="vary")])
    return key, values


def _plain(text: str) -> str:
    """A variation as part of a folder's name: what some file systems refuse becomes ``_``."""
    return re.sub(r'[\s\\/:*?"<>|+]+', "_", text)


def run_batch(
    scenarios: Sequence[tuple[Scenario, Mapping[str, str]]],
    *,
    jobs: int = 1,
    resume: bool = False,
    out: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
    **options: Any,
) -> Batch:
    """Run scenarios, `jobs` at a time; what can be shared (reading, forecast) is done once.

    All of them are checked before the first one runs.

    Parameters
    ----------
    resume : whether a scenario that was run before, with the same data, settings and version, keeps that run.
    options : as `run_scenario` takes them.

    Raises
    ------
    InputError
        With every problem of all scenarios and their data; nothing is run then.
    """
    alone = len(scenarios) == 1
    memory = None if alone else Memory(Counter(same_forecast(one) for one, _ in scenarios))
    if memory:
        gather(partial(read_checked, one, memory.read) for one, _ in scenarios)
    made = _find_made([one for one, _ in scenarios], memory, out, options.get("solvers", ())) if resume else {}
    kept = len(made)
    todo = [
        Job(place, scenario, {"varied": dict(varied)} if varied else {}, out, options)
        for place, (scenario, varied) in enumerate(scenarios)
        if place not in made
    ]
    failure: QuotaoptError | None = None
    if memory and jobs > 1 and len(todo) > 1:
        done = _apart(todo, memory, jobs, progress)
    else:
        done = _one_by_one(todo, memory, progress)
    try:
        for place, run in done:
            made[place] = run
    except QuotaoptError as error:  # what was run before is still told
        failure = error
    return Batch(tuple(made[place] for place in sorted(made)), kept, failure)


def _find_made(
    scenarios: Sequence[Scenario], memory: Memory | None, out: Path | None, solvers: Sequence[str]
) -> dict[int, Run]:
    """The newest run of each scenario that is the same in settings, bytes of the data, solvers and versions."""
    runs, made, read = list_runs(scenarios[0].root, out), dict[int, Run](), memory.read if memory else read_inputs
    for place, scenario in enumerate(scenarios):
        own = [run for run in runs if run.scenario == scenario.name]
        for run in own:
            same = {"inputs": dict(read(scenario).hashes), "versions": versions(), "solvers": list(solvers)}
            written = (run.folder / "scenario.toml").read_text(encoding="utf-8")
            if {key: run.record.get(key, []) for key in same} == same and written == scenario.to_toml(run.folder):
                made[place] = run
                break
    return made


@dataclass(frozen=True)
class Job:
    """One scenario to run: its place in the batch, what its record says besides, and how it is run."""

    place: int
    scenario: Scenario
    record: Mapping[str, Any]
    out: Path | None
    options: Mapping[str, Any]

    def run(self, memory: Memory | None, progress: Callable[[str], None] | None = None) -> Run:
        """Make the run."""
        return run_scenario(
            self.scenario, out=self.out, memory=memory, beside=self.record, progress=progress, **self.options
        )


def _one_by_one(
    jobs: Sequence[Job], memory: Memory | None, progress: Callable[[str], None]
) -> Iterator[tuple[int, Run]]:
    for number, job in enumerate(jobs, 1):
        head = f"{number} of {len(jobs)}: " if len(jobs) > 1 else ""
        yield job.place, job.run(memory, lambda text, head=head: progress(head + text))  # type: ignore[misc]


def _apart(
    jobs: Sequence[Job], memory: Memory, workers: int, progress: Callable[[str], None]
) -> Iterator[tuple[int, Run]]:
    """Run jobs in processes of their own; what scenarios share is made here first and handed over in a file."""
    from joblib import Parallel, delayed

    with tempfile.TemporaryDirectory(prefix="quotaopt-", ignore_cleanup_errors=True) as folder:
        places = dict[str, Path]()
        for job in jobs:
            key = same_forecast(job.scenario)
            if key not in places:
                progress(f"forecast {len(places) + 1}")
                places[key] = Path(folder) / f"{len(places)}.pickle"
                tables = memory.read(job.scenario)
                shared = Memory(
                    {key: len(jobs) + 1}, {key: tables}, {key: make_forecast(tables, job.scenario.settings)}
                )
                places[key].write_bytes(pickle.dumps(shared))
        tasks = (delayed(_run_apart)(job, places[same_forecast(job.scenario)]) for job in jobs)
        answers = Parallel(n_jobs=workers, return_as="generator_unordered")(tasks)
        for done, (place, answer) in enumerate(answers, 1):
            progress(f"{done} of {len(jobs)} done")
            if isinstance(answer, QuotaoptError):
                raise answer
            yield place, answer


_LOADED: dict[Path, Memory] = {}


def _run_apart(job: Job, place: Path) -> tuple[int, Run | QuotaoptError]:
    """One job inside a worker, which keeps what it has loaded last."""
    if place not in _LOADED:
        _LOADED.clear()
        _LOADED[place] = pickle.loads(place.read_bytes())  # noqa: S301 - our own process wrote it
    try:
        return job.place, job.run(_LOADED[place])
    except QuotaoptError as error:
        return job.place, error
