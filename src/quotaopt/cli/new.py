"""``quotaopt init`` and ``quotaopt new``: begin a project, begin a scenario."""

from __future__ import annotations

from pathlib import Path

import click

from quotaopt.cli.frame import Options, command

BOOK = click.Path(path_type=Path)


@command
@click.argument("folder", type=BOOK, metavar="DIR")
@click.option(
    "--from", "books", type=BOOK, multiple=True, metavar="FILE",
    help="Your workbook, CSV file or a folder of them; may be given several times.",
)  # fmt: skip
@click.option("--bare", is_flag=True, help="An empty project, with templates to fill in.")
@click.option(
    "--lang", type=click.Choice(("en", "zh")), default="en", show_default=True,
    help="Language of templates and comments, with --from or --bare.",
)  # fmt: skip
def init(options: Options, folder: Path, books: tuple[Path, ...], bare: bool, lang: str) -> None:
    """Make a new planning project: a worked example, or from your own workbook."""
    from quotaopt import adopt
    from quotaopt.check import check_all
    from quotaopt.project import make_project
    from quotaopt.report.adopt import adopt_content, adopt_report, adopt_table, bare_next
    from quotaopt.report.settings import init_report, made_table

    if books and bare:
        raise click.UsageError("--bare makes an empty project; leave it out with --from")
    if books:
        made = adopt.adopt(folder, books, lang)  # type: ignore[arg-type]
        problems, warnings = check_all(["base"], folder.resolve())
        table = adopt_table(made.found)
        parts = adopt_report(made, table, len(problems), len(warnings))
        options.emit("init", table, parts, **adopt_content(made, len(problems), len(warnings)))
        return
    files = adopt.bare(folder, lang) if bare else make_project(folder)  # type: ignore[arg-type]
    table = made_table(folder, files)
    options.emit("init", table, bare_next(folder, table) if bare else init_report(folder, table))


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
