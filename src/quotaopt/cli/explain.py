"""The commands that ask why and what else: `explain` and `frontier`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from quotaopt.cli.frame import Options, command

if TYPE_CHECKING:
    from quotaopt.case import Case
    from quotaopt.scenario import Scenario

FILE = click.Path(dir_okay=False, path_type=Path)


@command
@click.argument("plan", required=False, metavar="[RUN|SCENARIO]")
@click.option(
    "--what-if", "changes", multiple=True, metavar="KEY=VALUE",
    help="What a change does: target=+1% (up and down), by_region.North=-50000, rules.limit_change.up=1.3.",
)  # fmt: skip
@click.option(
    "--range", "totals", multiple=True, metavar="WHAT[=NAME]",
    help="How far a total could move in a plan as fair: rep, rep=R01, region=North, product=P1.",
)  # fmt: skip
@click.option(
    "--within", type=click.FloatRange(min=0.0, max=1.0), default=0.01, show_default=True, metavar="RATIO",
    help="With --range: by how much any quota may exceed the fair one.",
)  # fmt: skip
@click.option("--rep", metavar="REP", help="Why one rep's quota is what it is: a page, by id or name.")
@click.option(
    "--swap", "part", type=click.FloatRange(min=0.0, max=1.0, min_open=True), metavar="RATIO",
    help="With --rep: who could take that part of the quota, like 0.05.",
)  # fmt: skip
@click.option("--all-reps", is_flag=True, help="The steps to every rep's quota, as a table; with --out a CSV file.")
@click.option("--lang", type=click.Choice(("en", "zh")), default="en", show_default=True, help="Language of the page.")
@click.option("--html", type=FILE, metavar="FILE", help="With --rep: write the page as one HTML file.")
@click.option("--out", type=FILE, metavar="FILE", help="With --all-reps: write the table here.")
@click.option("--top", type=click.IntRange(min=1), default=10, show_default=True, help="Rows printed as a table.")
def explain(
    options: Options,
    plan: str | None,
    changes: Sequence[str],
    totals: Sequence[str],
    within: float,
    rep: str | None,
    part: float | None,
    all_reps: bool,
    lang: str,
    html: Path | None,
    out: Path | None,
    top: int,
) -> None:
    """Show why a plan is what it is, rule by rule or for one rep, and what would move it."""
    if sum(map(bool, (changes, totals, rep, all_reps))) > 1:
        raise click.UsageError("ask one thing, like --rep R01, --what-if target=+1% or --range rep")
    if (html and not rep) or (out and not all_reps) or (part and (html or not rep)):
        raise click.UsageError("--html goes with --rep, --out with --all-reps, --swap with --rep alone")
    if changes or totals:
        _ask(options, plan, changes, totals, within, top)
    elif rep and part:
        _explain_swap(options, plan, rep, part, lang)
    elif rep:
        _explain_rep(options, plan, rep, lang, html)
    elif all_reps:
        _explain_all(options, plan, out, top)
    else:
        _explain_plan(options, plan, top)


def _explain_rep(options: Options, plan: str | None, rep: str, lang: str, html: Path | None) -> None:
    """One page for one rep."""
    from quotaopt.report.rep import find_rep
    from quotaopt.report.terminal import shown_folder
    from quotaopt.report.why import rep_content, rep_report
    from quotaopt.report.why_page import rep_page
    from quotaopt.why.sheet import explain_rep

    case = _open(options.folder, plan)
    why = explain_rep(case, find_rep(case.inputs.roster, rep))
    parts = [*rep_report(why, lang)]
    if html:
        html.write_text(rep_page(why, lang), encoding="utf-8")
        parts.append(f"Saved   {shown_folder(html.resolve(), options.folder)}")
    options.emit("explain", why.steps, parts, run=case.run.id, **rep_content(why))


def _explain_swap(options: Options, plan: str | None, rep: str, part: float, lang: str) -> None:
    """Who could take a part of one rep's quota."""
    from quotaopt.report.rep import find_rep
    from quotaopt.report.sensitivity import rep_names
    from quotaopt.report.swap import swap_content, swap_report
    from quotaopt.why.swap import who_takes

    case = _open(options.folder, plan)
    roster = case.inputs.roster
    swap = who_takes(case, find_rep(roster, rep), part)
    parts = swap_report(swap, rep_names(roster), str(case.run.record["currency"]), lang)
    options.emit("explain", swap.takers, parts, run=case.run.id, **swap_content(swap))


def _explain_all(options: Options, plan: str | None, out: Path | None, top: int) -> None:
    """The steps of every rep."""
    from quotaopt.report.sensitivity import rep_names
    from quotaopt.report.terminal import shown_folder
    from quotaopt.report.why import ladder_report
    from quotaopt.tables import write_csv
    from quotaopt.why import make_ladder, waterfall

    case = _open(options.folder, plan)
    ladder = make_ladder(case)
    table = waterfall(case, ladder)
    parts = [*ladder_report(case, ladder, rep_names(case.inputs.roster), top)]
    if out:
        write_csv(table, out, case.scenario.settings.output.csv_encoding)
        parts.append(f"Saved   {shown_folder(out.resolve(), options.folder)}")
    notes = [str(note) for note in ladder.notes]
    options.emit("explain", table, parts, run=case.run.id, notes=notes)


def _explain_plan(options: Options, plan: str | None, top: int) -> None:
    """What each rule of the plan costs."""
    from quotaopt.report.sensitivity import rep_names
    from quotaopt.report.why import cost_report
    from quotaopt.why import rule_costs

    case = _open(options.folder, plan)
    table = rule_costs(case)
    names, currency = rep_names(case.inputs.roster), str(case.run.record["currency"])
    options.emit("explain", table, cost_report(table, names, currency, top), run=case.run.id)


def _open(project: Path, plan: str | None) -> Case:
    """The run meant (default: the last one), made again."""
    from quotaopt.archive import find_run
    from quotaopt.case import open_run

    run = find_run(project, plan or "last")
    run.need_plan("explain")
    return open_run(run, project)


def _ask(
    options: Options, plan: str | None, changes: Sequence[str], totals: Sequence[str], within: float, top: int
) -> None:
    """What a change does, or how far totals could move."""
    from quotaopt.case import Case
    from quotaopt.report.sensitivity import range_report, rep_names, what_if_report
    from quotaopt.sensitivity import ranges

    case = Case(_load(options.folder, plan))
    names = rep_names(case.inputs.roster)
    if changes:
        table = ranges.what_if(case, changes)
        parts = what_if_report(table, names, top)
    else:
        asked = [(what, name if equals else None) for what, equals, name in (text.partition("=") for text in totals)]
        table = ranges.free_range(case, asked, within)
        parts = range_report(table, names, within, top)
    options.emit("explain", table, parts, scenario=case.scenario.name)


@command
@click.argument("scenario", required=False)
@click.option(
    "--cost",
    default="change",
    show_default=True,
    metavar="NAME",
    help="What to gain by giving up fairness: change (less change from last year's pattern), capacity_fit.",
)
@click.option("--points", type=click.IntRange(min=2), default=15, show_default=True, help="Most corners of the curve.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change one key.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Put frontier.csv and frontier.svg here (default: runs/SCENARIO-frontier).",
)
def frontier(
    options: Options, scenario: str | None, cost: str, points: int, sets: Sequence[str], out: Path | None
) -> None:
    """Show what fairness costs: the least change for each amount of it given up."""
    from quotaopt.case import Case
    from quotaopt.report.sensitivity import frontier_picture, frontier_report, rep_names
    from quotaopt.report.terminal import shown_folder
    from quotaopt.sensitivity.frontier import tabulate_frontier, write_frontier

    project = options.folder
    case = Case(_load(project, scenario, sets))
    table = tabulate_frontier(case, cost, points)
    folder = out or project / "runs" / f"{case.scenario.name}-frontier"
    picture = frontier_picture(table, case.scenario.name, cost, case.scenario.settings.currency)
    write_frontier(table, picture, folder, case.scenario.settings.output.csv_encoding)
    parts = [*frontier_report(table, rep_names(case.inputs.roster), cost), f"Saved   {shown_folder(folder, project)}"]
    options.emit("frontier", table, parts, scenario=case.scenario.name, cost=cost, folder=str(folder))


def _load(project: Path, name: str | None, sets: Sequence[str] = ()) -> Scenario:
    """The scenario of this name as it is now, else that of the run meant, as it was run."""
    from quotaopt.archive import find_run
    from quotaopt.project import choose_scenarios
    from quotaopt.scenario import load_scenario, scenario_names

    text = name or choose_scenarios(project, [])[0]
    if text not in scenario_names(project) and not text.endswith(".toml"):
        text = str(find_run(project, text).folder)
    return load_scenario(text, project, sets)
