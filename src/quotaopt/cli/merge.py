"""``quotaopt merge``: bring the files of managers back that ``export --per-manager`` wrote."""

from __future__ import annotations

from pathlib import Path

import click

from quotaopt.cli.frame import Options, command

FOLDER = click.Path(file_okay=False, path_type=Path)


@command
@click.argument("run")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("-o", "--out", type=FOLDER, metavar="DIR", help="Put the tables here (default: DIR/merged).")
@click.option("--top", type=click.IntRange(min=1), default=20, show_default=True, help="Rows printed as a table.")
def merge(options: Options, run: str, folder: Path, out: Path | None, top: int) -> None:
    """Bring the files of managers back: sums, hedges, who changed what."""
    from datetime import datetime

    from quotaopt.archive import find_run
    from quotaopt.managers.merge import merge_files
    from quotaopt.report.merge import merge_report
    from quotaopt.tables import write_csv

    project = options.folder
    merged = merge_files(find_run(project, run), project, folder, datetime.now().astimezone().date())
    place, encoding = out or folder / "merged", merged.handout.scenario.settings.output.csv_encoding
    if len(merged.changes):
        place.mkdir(parents=True, exist_ok=True)
        write_csv(merged.changes, place / "merge.csv", encoding)
        write_csv(merged.overrides, place / "overrides.csv", encoding)
    options.emit("merge", merged.changes, merge_report(merged, place, project, top), run=merged.handout.run.id)
