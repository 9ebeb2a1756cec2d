"""The command line: parse, call, print. Data goes to standard output, talk to standard error.

Only click is imported here; each command imports what it needs, so that help answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from quotaopt import __version__
from quotaopt.errors import Finding, InputError, QuotaoptError

if TYPE_CHECKING:
    import pandas as pd

    from quotaopt.archive import Run
    from quotaopt.report.render import Page

LOG = "quotaopt-error.log"
FORMATS = ("table", "csv", "json")
GROUPS = {"Start": ("init", "check"), "Plan": ("forecast", "run", "compare"), "Look": ("runs", "show", "diff", "list")}
EPILOG = (
    "Exit codes: 0 done, 1 input wrong, 2 usage, 3 no plan can exist, 4 stopped without a plan, 70 a bug, 130 Ctrl-C."
)


@dataclass(frozen=True)
class Options:
    """What every command takes."""

    project: str
    format: str
    quiet: bool
    verbose: bool
    debug: bool
    no_color: bool

    @property
    def folder(self) -> Path:
        """The planning project this folder lies in."""
        from quotaopt.scenario import find_project

        return find_project(Path(self.project))

    @property
    def page(self) -> Page:
        """The page standard output offers."""
        from quotaopt.report.render import Page

        return Page.of(sys.stdout, self.no_color)

    def emit(self, schema: str, frame: pd.DataFrame, parts: Iterable[Any], **content: Any) -> None:
        """Print a table as asked: `parts` as text, the frame as CSV, or frame (``rows``) and `content` as JSON."""
        from quotaopt.report.render import records, to_csv

        if self.format == "json":
            self.print_json(schema, **content, rows=records(frame))
        elif self.format == "csv":
            click.echo(to_csv(frame))
        else:
            click.echo(self.page.render(parts), color=self.page.colour)

    def print_json(self, schema: str, **content: Any) -> None:
        """Print one JSON object."""
        from quotaopt.report.render import to_json

        click.echo(to_json(schema, **content))


COMMON = (
    click.option("-C", "--project", default=".", metavar="DIR", help="The planning project (default: here or above)."),
    click.option("--format", type=click.Choice(FORMATS), default="table", show_default=True, help="How to print."),
    click.option("-q", "--quiet", is_flag=True, help="Print only what is essential."),
    click.option("-v", "--verbose", is_flag=True, help="Say on standard error what is being done."),
    click.option("--debug", is_flag=True, help="Show the traceback of an error."),
    click.option("--no-color", is_flag=True, help="No colours (also: NO_COLOR, TERM=dumb)."),
    click.version_option(__version__, prog_name="quotaopt"),
)


class Commands(click.Group):
    """Shows the commands in groups."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each group under its heading."""
        for heading, names in GROUPS.items():
            with formatter.section(heading):
                found = [(name, self.get_command(ctx, name)) for name in names]
                formatter.write_dl([(name, command.get_short_help_str(80)) for name, command in found if command])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.version_option(__version__, prog_name="quotaopt")
def cli() -> None:
    """Allocate a sales target to reps, products and months.

    \b
    Try it:    quotaopt init q2027 && cd q2027 && quotaopt run
    Your data: put your tables in scenarios/data, then: quotaopt check
    """  # noqa: D301 - click reads the escape


def command(function: Callable[..., int | None]) -> click.Command:
    """A command of `cli` with the common options; its errors become messages and exit codes."""

    @wraps(function)
    def guarded(**values: Any) -> int:
        common = {name: values.pop(name) for name in Options.__dataclass_fields__}
        options = Options(**common)
        try:
            return function(options, **values) or 0
        except QuotaoptError as failure:
            if options.debug:
                raise
            return tell(failure, options, function.__name__)

    for option in reversed(COMMON):
        guarded = option(guarded)
    return cli.command(name=function.__name__.rstrip("_"))(guarded)


def tell(failure: QuotaoptError, options: Options, schema: str) -> int:
    """Print what is wrong, and return the exit code."""
    from quotaopt.report.findings import counted, finding_records

    findings = failure.findings if isinstance(failure, InputError) else (Finding(str(failure), code="error"),)
    if options.format == "json":
        options.print_json(schema, problems=finding_records(findings))
    elif isinstance(failure, InputError):
        for finding in findings:
            click.echo(str(finding), err=True)
        click.echo(f"{counted(len(findings), 'problem')}. Nothing was run.", err=True)
    else:
        click.echo(f"Error: {failure}", err=True)
    return failure.exit_code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; never a traceback unless ``--debug`` asks for it."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        return int(cli.main(args=list(arguments), prog_name="quotaopt", standalone_mode=False) or 0)
    except click.ClickException as failure:
        failure.show()
        return failure.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped. The unfinished run was not written.", err=True)
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # or Python would complain of the closed pipe at exit
        return 0
    except Exception as failure:
        if "--debug" in arguments:
            raise
        return report_bug(failure, arguments)


def report_bug(failure: Exception, arguments: Sequence[str]) -> int:
    """Write the traceback to a file and say so."""
    import tempfile
    import traceback

    text = f"quotaopt {__version__}, Python {sys.version}\n{' '.join(arguments)}\n\n" + "".join(
        traceback.format_exception(failure)
    )
    for folder in (Path.cwd(), Path(tempfile.gettempdir())):
        try:
            (folder / LOG).write_text(text, encoding="utf-8")
        except OSError:
            continue
        click.echo(f"Error: this is a bug in quotaopt ({type(failure).__name__}: {failure}).", err=True)
        click.echo(f"The details are in {folder / LOG}; please report it.", err=True)
        break
    return 70


@command
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change one key, like solver.seconds=10.")
@click.option("--solver", "solvers", multiple=True, metavar="NAME", help="Solve with it; two or more are compared.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Put run folders here.")
def run(
    options: Options, scenarios: Sequence[str], sets: Sequence[str], solvers: Sequence[str], out: Path | None
) -> int:
    """Forecast, allocate and write the plan of one or more scenarios."""
    from quotaopt.report.progress import progress

    failure: QuotaoptError | None = None
    done: list[Run] = []
    with progress(options.quiet, options.verbose) as say:
        from quotaopt.project import choose_scenarios
        from quotaopt.report.terminal import run_report, run_rows
        from quotaopt.run import load_checked, run_scenario

        project = options.folder
        for one in load_checked(choose_scenarios(project, scenarios), project, sets):
            try:
                done.append(run_scenario(one, solvers=solvers, out=out, progress=say))
            except QuotaoptError as error:  # what was run before is still told
                failure = error
                break
    if done and options.quiet:
        click.echo("\n".join(one.id for one in done))
    elif done:
        frame, content = run_rows(done)
        options.emit("run", frame, run_report(done, project), **content)
    if failure:
        raise failure
    return max(one.exit_code for one in done)


@command
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change one key.")
def check(options: Options, scenarios: Sequence[str], sets: Sequence[str]) -> int:
    """Find every mistake in scenarios and data (default: all scenarios)."""
    from quotaopt.record import finding_table
    from quotaopt.report.findings import check_lines, finding_records
    from quotaopt.run import check_all
    from quotaopt.scenario import scenario_names

    project = options.folder
    problems, warnings = check_all(scenarios or scenario_names(project), project, sets)
    frame = finding_table([*problems, *warnings])
    if options.format == "json":
        options.print_json("check", problems=finding_records(problems), warnings=finding_records(warnings))
    else:
        options.emit("check", frame, check_lines(problems, () if options.quiet else warnings))
    return 1 if problems else 0


@command
@click.argument("scenario", required=False)
@click.option("--by", type=click.Choice(("rep", "region")), default="rep", show_default=True, help="What to total by.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change one key.")
def forecast(options: Options, scenario: str | None, by: str, sets: Sequence[str]) -> None:
    """Show what reps can sell, and how good each forecaster was."""
    from quotaopt.forecast import make_forecast
    from quotaopt.project import choose_scenarios
    from quotaopt.report.forecast import forecast_report, forecast_rows
    from quotaopt.report.render import records
    from quotaopt.scenario import load_scenario
    from quotaopt.tables import read_inputs

    project = options.folder
    loaded = load_scenario(choose_scenarios(project, [scenario] if scenario else [])[0], project, sets)
    inputs = read_inputs(loaded)
    found = make_forecast(inputs, loaded.settings)
    rows = forecast_rows(found, inputs, loaded.settings.forecast.level, by)
    options.emit(
        "forecast", rows, forecast_report(rows, found.accuracy, by), scenario=loaded.name,
        accuracy=records(found.accuracy),
    )  # fmt: skip


@command
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...")
@click.option(
    "--by", default="rep", show_default=True, metavar="WHAT", help="rep, region, product, month, rule, solver."
)
@click.option("--top", type=click.IntRange(min=1), default=20, show_default=True, help="Rows printed as a table.")
def compare(options: Options, runs: Sequence[str], by: str, top: int) -> None:
    """Show what changed between runs (id, prefix, scenario name or `last`)."""
    from quotaopt.archive import find_run
    from quotaopt.compare import compare_runs
    from quotaopt.report.runs import compare_report

    if len(runs) < 2:
        raise click.UsageError("compare needs two runs or more, like: quotaopt compare base last")
    found = [find_run(options.folder, text) for text in runs]
    table = compare_runs(found, by)
    options.emit("compare", table, compare_report(found, table, by, top), runs=[one.id for one in found])


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
    from quotaopt.report.settings import diff_report, diff_table
    from quotaopt.run import load_scenarios

    first, second = load_scenarios([a, b], options.folder)
    table = diff_table(first, second)
    options.emit("diff", table, diff_report(first, second, table))


@command
@click.argument("what", type=click.Choice(("rules", "goals", "forecasters", "solvers")), metavar="WHAT")
def list_(options: Options, what: str) -> None:
    """List what a scenario may name: rules, goals, forecasters, solvers."""
    from quotaopt.report.names import name_report, name_table

    table = name_table(what)
    options.emit("list", table, name_report(table))


@command
def runs(options: Options) -> None:
    """List the runs of this project, newest first."""
    from quotaopt.archive import list_runs
    from quotaopt.report.runs import runs_report, runs_table

    table = runs_table(list_runs(options.folder))
    options.emit("runs", table, runs_report(table))


@command
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
def init(options: Options, folder: Path) -> None:
    """Make a new planning project with a worked example."""
    from quotaopt.project import make_project
    from quotaopt.report.settings import init_report, made_table

    table = made_table(folder, make_project(folder))
    options.emit("init", table, init_report(folder, table))
