"""What every command shares: options, output as asked, errors as messages and exit codes.

Data goes to standard output, talk to standard error.
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
from quotaopt.errors import Finding, InputError, QuotaoptError, shorten

if TYPE_CHECKING:
    import pandas as pd

    from quotaopt.report.render import Page

LOG = "quotaopt-error.log"
FORMATS = ("table", "csv", "json")
GROUPS = {
    "Start": ("init", "new", "check"),
    "Plan": ("forecast", "run", "compare", "explain", "frontier"),
    "Judge": ("measures", "simulate", "backtest"),
    "Share": ("report", "export", "merge"),
    "Look": ("runs", "verify", "show", "diff", "list"),
    "Keep": ("freeze", "revise", "plans"),
}
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
            put(to_csv(frame))
        else:
            click.echo(self.page.render(parts), color=self.page.colour)

    def print_json(self, schema: str, **content: Any) -> None:
        """Print one JSON object."""
        from quotaopt.report.render import to_json

        put(to_json(schema, **content))


def put(text: str) -> None:
    """Print data, which are never altered: what the stream's encoding cannot take goes out as UTF-8."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        click.echo(text.encode())
    else:
        click.echo(text)


COMMON = (
    click.option("-C", "--project", default=".", metavar="DIR", help="The planning project (default: here or above)."),
    click.option("--format", type=click.Choice(FORMATS), default="table", show_default=True, help="How to print."),
    click.option("-q", "--quiet", is_flag=True, help="Print only what is essential."),
    click.option("-v", "--verbose", is_flag=True, help="Say on standard error what is being done."),
    click.option("--debug", is_flag=True, help="Show the traceback of an error."),
    click.option("--no-color", is_flag=True, help="No colours (also: NO_COLOR, TERM=dumb)."),
    click.version_option(__version__, prog_name="quotaopt"),
)


# Common options that may lead, and how many words each takes.
LEADING = {"-C": 2, "--project": 2, "--format": 2} | dict.fromkeys(
    ("-q", "--quiet", "-v", "--verbose", "--debug", "--no-color"), 1
)


class Commands(click.Group):
    """Shows the commands in groups; takes the common options before the command as well as after it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Move common options that stand before the command behind it, where they are read."""
        before = 0
        while before < len(args) and args[before] in LEADING:
            before += LEADING[args[before]]
        if 0 < before < len(args):
            args = [args[before], *args[:before], *args[before + 1 :]]
        return super().parse_args(ctx, args)

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
    Your data: quotaopt init q2027 --from your.xlsx
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
            return tell(failure, options, function.__name__.rstrip("_"))
        except BrokenPipeError:
            raise
        except OSError as failure:  # a folder that may not be written, a disk that is full
            if options.debug:
                raise
            problem = Finding(failure.strerror or str(failure), file=str(failure.filename or ""), code="file")
            return tell(InputError([problem]), options, function.__name__.rstrip("_"))

    for option in reversed(COMMON):
        guarded = option(guarded)
    return cli.command(name=function.__name__.rstrip("_"))(guarded)


def tell(failure: QuotaoptError, options: Options, schema: str) -> int:
    """Print what is wrong, and return the exit code."""
    from quotaopt.report.findings import finding_records
    from quotaopt.text import counted

    findings = failure.findings if isinstance(failure, InputError) else (Finding(str(failure), code="error"),)
    if options.format == "json":
        options.print_json(schema, problems=finding_records(findings))
    elif isinstance(failure, InputError):
        for finding in shorten(findings):
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
