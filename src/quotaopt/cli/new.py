"""``quotaopt init`` and ``quotaopt new``: begin a project, begin a scenario."""

from __future__ import annotations

from pathlib import Path

import click

from quotaopt.cli.frame import Options, command


@command
@click.argument("name", metavar="SCENARIO")
@click.option("--like", metavar="OTHER", help="The scenario to start from (default: as `quotaopt run` chooses).")
@click.option(
    "--from", "book", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="An exported plan: quotas changed in it become locks.",
)  # fmt: skip
def new(options: Options, name: str, like: str | None, book: Path | None) -> None:
    """Make a scenario from another one, or from a plan that was changed in Excel."""
    from quotaopt.project import choose_scenarios, new_scenario
    from quotaopt.report.new import edit_report, edit_table, new_report
    from quotaopt.review import read_edits, write_review
    from quotaopt.scenario import load_scenario

    project = options.folder
    edits = read_edits(book, project) if book else None
    start = like or (edits.run.scenario if edits else choose_scenarios(project, [])[0])
    scenario = load_scenario(start, project)
    files = write_review(name, scenario, edits) if edits else [new_scenario(name, scenario)]
    table = edit_table(edits)
    parts = [*edit_report(edits, table), *new_report(name, files, project)]
    options.emit("new", table, parts, scenario=name, files=[str(file) for file in files])
