"""``quotaopt export``: a plan for other people and programs."""

from __future__ import annotations

import codecs
from pathlib import Path

import click

from quotaopt.cli.frame import Options, command


def _encoding(_context: click.Context, _option: click.Parameter, name: str) -> str:
    """The name of an encoding that is known."""
    try:
        return name and codecs.lookup(name).name
    except LookupError:
        raise click.BadParameter(f"no such encoding {name!r}; try utf-8-sig, utf-8 or gb18030") from None


@command
@click.argument("run")
@click.option("--to", "formats", multiple=True, metavar="NAME", help="Format: quotaopt list exports.")
@click.option(
    "-o", "--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="Put the files here (default: the run's folder).",
)  # fmt: skip
@click.option(
    "--labels", type=click.Choice(("en", "zh")), default="en", show_default=True, help="Language of the headings."
)
@click.option(
    "--encoding", default="", metavar="NAME", callback=_encoding, help="Of text files: utf-8-sig, utf-8, gb18030."
)
@click.option(
    "--option", "wishes", multiple=True, metavar="KEY=VALUE", help="A parameter of the format: quotaopt list exports."
)
@click.option("--pseudonymise", is_flag=True, help="Stable pseudonyms instead of people.")
@click.option(
    "--per-manager",
    "managers",
    is_flag=True,
    help="One file for each manager, with the own reps only; --to xlsx: workbooks.",
)
@click.option("--by", default="", metavar="LEVEL", help="With --per-manager: a level of the tree, or a roster column.")
def export(
    options: Options,
    run: str,
    formats: tuple[str, ...],
    out: Path | None,
    labels: str,
    encoding: str,
    wishes: tuple[str, ...],
    pseudonymise: bool,
    managers: bool,
    by: str,
) -> None:
    """Write a plan for other people and programs: a workbook, CSV, files for CRM and planning systems."""
    from quotaopt.archive import find_run

    if managers:
        if set(formats) - {"xlsx"} or wishes or pseudonymise or out is None:
            raise click.UsageError("--per-manager writes files of its own: give -o DIR, and no other --to than xlsx")
        _hand_out(options, run, out, by, book=bool(formats), labels=labels)
        return
    if not formats or by:
        raise click.UsageError("say what for: --to NAME (quotaopt list exports), or --per-manager with -o DIR")
    from quotaopt.export import Options as How
    from quotaopt.export import read_settings, write_exports
    from quotaopt.export.ledgers import QUOTAS
    from quotaopt.report.export import export_report, export_table

    project = options.folder
    found, settings = find_run(project, run), read_settings(formats, wishes, pseudonymise)
    table = export_table(write_exports(found, out or found.folder, How(labels, encoding), settings))  # type: ignore[arg-type]
    others = any(one.get("ledger", QUOTAS) != QUOTAS for one in settings.values())
    options.emit("export", table, export_report(found, table, project, others), run=found.id)


def _hand_out(options: Options, run: str, out: Path, by: str, *, book: bool, labels: str) -> None:
    """Write one file for each manager; `merge` brings them back."""
    from quotaopt.archive import find_run
    from quotaopt.managers.files import open_handout, write_manager_files
    from quotaopt.report.merge import share_report, share_table

    handout = open_handout(find_run(options.folder, run), options.folder, by)
    table = share_table(handout, write_manager_files(handout, out, book, labels))  # type: ignore[arg-type]
    options.emit("export", table, share_report(handout, table, out, options.folder), run=handout.run.id)
