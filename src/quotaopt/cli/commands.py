"""The commands: parse, call, print. Each imports what it needs, so that help answers at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from quotaopt.cli.frame import Options, command

FILE = click.Path(dir_okay=False, path_type=Path)


@command
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change one key, like solver.seconds=10.")
@click.option("--solver", "solvers", multiple=True, metavar="NAME", help="Solve with it; two or more are compared.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Put run folders here.")
@click.option(
    "--write-model", "model", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write the program of the first goal, as .mps or .lp.",
)  # fmt: skip
@click.option("--write-repairs", "repairs", is_flag=True, help="No plan? Write a scenario for each change that helps.")
@click.option("--vary", "varies", multiple=True, metavar="KEY=V1,V2", help="Run once with each value.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, metavar="N", help="Run N at the same time.")
@click.option("--resume", is_flag=True, help="Keep what a stopped batch has made: same data, settings and version.")
def run(
    options: Options,
    scenarios: Sequence[str],
    sets: Sequence[str],
    solvers: Sequence[str],
    out: Path | None,
    model: Path | None,
    repairs: bool,
    varies: Sequence[str],
    jobs: int,
    resume: bool,
) -> int:
    """Forecast, allocate and write the plan of one or more scenarios."""
    from quotaopt.report.progress import progress

    with progress(options.quiet, options.verbose) as say:
        from quotaopt.batch import load_variations, run_batch
        from quotaopt.project import choose_scenarios
        from quotaopt.report.terminal import run_report, run_rows

        project = options.folder
        loaded = load_variations(choose_scenarios(project, scenarios), project, sets, varies)
        if model and len(loaded) > 1:
            raise click.UsageError("--write-model writes one model: run one scenario")
        how = {"solvers": solvers, "model": model, "repairs": repairs}
        batch = run_batch(loaded, jobs=jobs, resume=resume, out=out, progress=say, **how)
    if batch.kept and not options.quiet:
        click.echo(f"Kept {batch.kept} of {len(loaded)} from before; nothing they depend on has changed.", err=True)
    if batch.runs and options.quiet:
        click.echo("\n".join(one.id for one in batch.runs))
    elif batch.runs:
        frame, content = run_rows(batch.runs)
        options.emit("run", frame, run_report(batch.runs, project), **content)
    if batch.failure:
        raise batch.failure
    return max(one.exit_code for one in batch.runs)


@command
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change one key.")
@click.option("--mark", is_flag=True, help="Write NAME-checked.xlsx beside each workbook, its wrong cells coloured.")
def check(options: Options, scenarios: Sequence[str], sets: Sequence[str], mark: bool) -> int:
    """Find every mistake in scenarios and data (default: all scenarios)."""
    from quotaopt.check import check_all
    from quotaopt.record import finding_table
    from quotaopt.report.findings import check_lines, finding_records
    from quotaopt.report.mark import mark_books
    from quotaopt.scenario import scenario_names

    project = options.folder
    problems, warnings = check_all(scenarios or scenario_names(project), project, sets)
    frame = finding_table([*problems, *warnings])
    marked = mark_books([*problems, *warnings], project) if mark else []
    if options.format == "json":
        content = {"marked": list(map(str, marked))} if mark else {}
        options.print_json("check", problems=finding_records(problems), warnings=finding_records(warnings), **content)
    else:
        options.emit("check", frame, check_lines(problems, () if options.quiet else warnings))
        if options.format == "table":
            click.echo("".join(f"Marked  {path}\n" for path in marked), nl=False)
    return 1 if problems else 0


@command
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...")
@click.option(
    "--by", default="rep", show_default=True, metavar="WHAT",
    help="rep, region, product, month, account, rule, solver, measure; plan: what a decision needs, on one screen.",
)  # fmt: skip
@click.option("--html", type=FILE, metavar="FILE", help="Write all of it on one page: no internet needed.")
@click.option("--lang", type=click.Choice(("en", "zh")), default="en", show_default=True, help="Language of the page.")
@click.option("--top", type=click.IntRange(min=1), default=20, show_default=True, help="Rows printed as a table.")
def compare(options: Options, runs: Sequence[str], by: str, html: Path | None, lang: str, top: int) -> None:
    """Show what changed between runs (id, prefix, scenario name or `last`)."""
    from quotaopt.archive import find_run
    from quotaopt.compare import compare_runs
    from quotaopt.report.compare import compare_report, overview
    from quotaopt.report.compare_page import compare_content, compare_page
    from quotaopt.report.terminal import shown_folder

    if len(runs) < 2:
        raise click.UsageError("compare needs two runs or more, like: quotaopt compare base last")
    found = [find_run(options.folder, text) for text in runs]
    whole = by == "plan"
    by = "measure" if whole else by
    table = compare_runs(found, by)
    parts = [*(overview(found) if whole else compare_report(found, table, by, top))]
    if html:
        html.write_text(compare_page(found, lang), encoding="utf-8")
        parts.append(f"Saved   {shown_folder(html.resolve(), options.folder)}")
    options.emit("compare", table, parts, runs=[one.id for one in found], **compare_content(found, by))


@command
@click.argument("scenario", required=False)
@click.option("--origin", is_flag=True, help="Show where each value was written.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change one key.")
def show(options: Options, scenario: str | None, origin: bool, sets: Sequence[str]) -> None:
    """Show the merged scenario: defaults, model, scenario, --set."""
    from quotaopt.project import choose_scenarios
    from quotaopt.report.settings import origin_report, setting_table
    from quotaopt.scenario import load_scenario

    project = options.folder
    loaded = load_scenario(choose_scenarios(project, [scenario] if scenario else [])[0], project, sets)
    text = origin_report(loaded) if origin else [loaded.to_toml(project / "scenarios").rstrip()]
    options.emit("show", setting_table(loaded), text, scenario=loaded.name)


@command
@click.argument("a")
@click.argument("b")
def diff(options: Options, a: str, b: str) -> None:
    """Show which keys differ between two scenarios."""
    from quotaopt.check import load_scenarios
    from quotaopt.report.settings import diff_report, diff_table

    first, second = load_scenarios([a, b], options.folder)
    table = diff_table(first, second)
    options.emit("diff", table, diff_report(first, second, table))


@command
@click.argument("what", type=click.Choice(("rules", "goals", "forecasters", "solvers", "exports")), metavar="WHAT")
def list_(options: Options, what: str) -> None:
    """List what may be named: rules, goals, forecasters, solvers, exports."""
    from quotaopt.report.names import name_report, name_table

    table = name_table(what)
    options.emit("list", table, name_report(table))
