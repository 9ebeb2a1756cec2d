"""``quotaopt report``: a plan on one page that can be mailed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from quotaopt.cli.frame import Options, command


@command
@click.argument("runs", nargs=-1, metavar="[RUN...]")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write it here (default: report.html in the first run's folder).",
)  # fmt: skip
@click.option("--open", "show", is_flag=True, help="Open it in the browser.")
@click.option("--lang", type=click.Choice(("en", "zh")), default="en", show_default=True, help="Language of the page.")
@click.option("--pseudonymise", is_flag=True, help="Stable ids in place of the names and ids of reps.")
def report(options: Options, runs: Sequence[str], out: Path | None, show: bool, lang: str, pseudonymise: bool) -> None:
    """Write one HTML file that needs no internet; of several runs the first in full, the others held against it."""
    import pandas as pd

    from quotaopt.archive import find_run
    from quotaopt.pseudonyms import mask_runs
    from quotaopt.report.page import report_page
    from quotaopt.report.terminal import shown_folder

    project = options.folder
    found = [find_run(project, text) for text in runs or ("last",)]
    shown = mask_runs(found, project) if pseudonymise else found
    path = (out or found[0].folder / "report.html").resolve()
    page = report_page(shown, project, lang)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    place = shown_folder(path, project)
    table = pd.DataFrame([(place, path.stat().st_size)], columns=["file", "bytes"])
    options.emit("report", table, [f"Saved   {place}"], runs=[run.id for run in found])
    if show:
        click.launch(path.as_uri())
