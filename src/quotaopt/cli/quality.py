"""The commands that judge a plan: `measures`, `simulate` and `backtest`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from quotaopt.cli.frame import Options, command

if TYPE_CHECKING:
    import pandas as pd

    from quotaopt.archive import Run

FOLDER = click.Path(file_okay=False, path_type=Path)


@command
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--ratchet", is_flag=True, help="Plan again with 1 % more sales of each of the largest reps: who pays?")
@click.option("--reps", type=click.IntRange(min=1), default=20, show_default=True, help="Reps tried with --ratchet.")
@click.option("--products", is_flag=True, help="With --ratchet: of the three largest products of each, too.")
@click.option("--jackknife", is_flag=True, help="Plan again without single months, products, sales: whose quota hangs?")
@click.option("--jobs", type=click.IntRange(min=1), default=1, metavar="N", help="Make N plans at the same time.")
@click.option("--all", "everything", is_flag=True, help="Of several runs, show the measures that do not differ too.")
def measures(
    options: Options, runs: Sequence[str], ratchet: bool, reps: int, products: bool, jackknife: bool, jobs: int,
    everything: bool,
) -> None:  # fmt: skip
    """Show the quality of a plan in numbers, with ranges and what is worth a look; several runs side by side."""
    from quotaopt.archive import find_run
    from quotaopt.report.measures import measures_frame, measures_report
    from quotaopt.report.progress import progress

    if products and not ratchet:
        raise click.UsageError("--products goes with --ratchet")
    found = list({run.id: run for run in (find_run(options.folder, text) for text in runs)}.values())
    with progress(options.quiet, options.verbose) as say:
        more = [_more_measures(options.folder, run, (ratchet, reps, products), jackknife, jobs, say) for run in found]
    table = measures_frame(found, more)
    options.emit("measures", table, measures_report(found, table, everything), runs=[run.id for run in found])


def _more_measures(
    project: Path, run: Run, ratchet: tuple[bool, int, bool], jackknife: bool, jobs: int, say: Callable[[str], None]
) -> list[pd.DataFrame]:
    """Measures that are made just now: by planning again, and of the plans that were frozen from a run."""
    from quotaopt.frozen import frozen_measures, list_plans

    tables = [frozen_measures(plan) for plan in list_plans(project) if plan.record["run"] == run.id][-1:]
    if ratchet[0] or jackknife:
        from quotaopt.sensitivity.jackknife import measure_jackknife
        from quotaopt.sensitivity.ratchet import measure_ratchet
        from quotaopt.sensitivity.replan import open_replan

        plan = open_replan(run, project)
        tables += [measure_ratchet(plan, *ratchet[1:], jobs=jobs, progress=say)] if ratchet[0] else []
        tables += [measure_jackknife(plan, jobs, say)] if jackknife else []
    return tables


@command
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--top", type=click.IntRange(min=1), default=10, show_default=True, help="Reps printed as a table.")
@click.option("--weights", metavar="W1,W2", help="How likely each run's world is: hold every plan against all.")
@click.option(
    "--omega", type=click.FloatRange(min=0.0), metavar="RATIO",
    help="Name the plan of the least mean + RATIO × worst 10 % of shortfall and pay.",
)  # fmt: skip
@click.option("--out", type=FOLDER, metavar="DIR", help="Write simulation.csv here.")
def simulate(
    options: Options, runs: Sequence[str], top: int, weights: str | None, omega: float | None, out: Path | None
) -> None:
    """Show what a plan may bring over the draws of its forecast: attainment, chances, pay; several runs compared."""
    from quotaopt.archive import find_run
    from quotaopt.columns.quality import SIMULATION
    from quotaopt.report.simulation import simulation_report
    from quotaopt.report.terminal import shown_folder
    from quotaopt.simulate import load_future
    from quotaopt.simulate import simulate as simulate_runs
    from quotaopt.tables import write_tables

    project = options.folder
    found = {run.id: run for run in (find_run(project, text) for text in runs)}
    likely = _read_weights(weights, len(found), omega)
    futures = [load_future(run, project) for run in found.values()]
    table = simulate_runs(futures, likely, omega)
    parts = [*simulation_report(futures, table, top, likely, omega)]
    if out:
        out.mkdir(parents=True, exist_ok=True)
        encoding = futures[0].settings.output.csv_encoding
        write_tables({"simulation": (table, SIMULATION)}, out, encoding)
        parts.append(f"Saved   {shown_folder(out.resolve(), project)}")
    more = {"weights": [weight / sum(likely) for weight in likely]} if likely else {}
    options.emit("simulate", table, parts, runs=[future.run.id for future in futures], **more)


def _read_weights(text: str | None, runs: int, omega: float | None) -> list[float]:
    """One weight for each run; with ``--omega`` alone all the same, which is right where the runs share one world."""
    if runs < 2 and (text is not None or omega is not None):
        raise click.UsageError("--weights and --omega compare: name two runs or more")
    if text is None:
        return [1.0] * runs if omega is not None else []
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if len(found) != runs or min(found, default=-1.0) < 0 or not 0 < sum(found) < float("inf"):
        raise click.UsageError(f"--weights needs {runs} weights, one for each run, like 0.5,0.3,0.2 (got {text!r})")
    return found


@command
@click.argument("scenario", required=False)
@click.option("--months", type=click.IntRange(min=1), metavar="N", help="Months hidden at a time (default: 12).")
@click.option("--origins", type=click.IntRange(min=1), default=3, show_default=True, help="How often, newest first.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change one key.")
@click.option("--out", type=FOLDER, metavar="DIR", help="Write quota_test.csv here.")
def backtest(
    options: Options, scenario: str | None, months: int | None, origins: int, sets: Sequence[str], out: Path | None
) -> None:
    """Show how a scenario's quotas would have done: past months hidden, what was sold divided, against simple ways."""
    from quotaopt.backtest import backtest_quotas
    from quotaopt.columns.quality import QUOTA_TEST
    from quotaopt.project import choose_scenarios
    from quotaopt.report.quota_test import quota_test_report
    from quotaopt.report.terminal import shown_folder
    from quotaopt.scenario import load_scenario
    from quotaopt.tables import write_tables

    project = options.folder
    loaded = load_scenario(choose_scenarios(project, [scenario] if scenario else [])[0], project, sets)
    table, notes = backtest_quotas(loaded, months or 12, origins)
    parts = [*quota_test_report(loaded, table, notes)]
    if out:
        out.mkdir(parents=True, exist_ok=True)
        write_tables({"quota_test": (table, QUOTA_TEST)}, out, loaded.settings.output.csv_encoding)
        parts.append(f"Saved   {shown_folder(out.resolve(), project)}")
    options.emit("backtest", table, parts, scenario=loaded.name, notes=notes)
