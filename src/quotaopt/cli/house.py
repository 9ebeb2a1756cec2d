"""Keeping house: the runs of a project, and the plans that were frozen and revised."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from pathlib import Path

import click

from quotaopt.cli.frame import Options, command

ACTIONS = ("list", "show", "note", "pin", "unpin", "remove", "rebuild")
WHO = click.option("--by", "author", default="", metavar="WHO", help="Who does it (default: your user name).")


@command
@click.argument("words", nargs=-1, metavar="[ACTION] [RUN]...")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="List the newest N only.")
def runs(options: Options, words: Sequence[str], limit: int | None) -> None:
    """List the runs of this project, newest first; or show, note, pin, unpin, remove, rebuild.

    \b
    quotaopt runs show last
    quotaopt runs note last "board, second round"
    quotaopt runs pin base
    quotaopt runs remove 2027-01-04-base-1 2027-01-04-base-2
    """  # noqa: D301 - click reads the escape
    action, *rest = words or ("list",)
    if action not in ACTIONS:
        raise click.UsageError(f"no such action {action!r}: {', '.join(ACTIONS)}")
    if action in ("list", "rebuild") and rest:
        raise click.UsageError(f"runs {action} takes no run")
    if action not in ("list", "rebuild") and not rest:
        raise click.UsageError(f"runs {action} needs a run, like: quotaopt runs {action} last")
    if action in ("list", "rebuild"):
        _list(options, action == "rebuild", limit)
    elif action == "show":
        _show(options, rest)
    elif action == "note":
        _note(options, rest[0], " ".join(rest[1:]))
    else:
        _change(options, action, rest)


def _list(options: Options, anew: bool, limit: int | None) -> None:
    from quotaopt.index import read_index, rebuild_index
    from quotaopt.report.runs import runs_report, runs_table

    table = runs_table((rebuild_index if anew else read_index)(options.folder)[:limit])
    options.emit("runs", table, runs_report(table))


def _show(options: Options, rest: Sequence[str]) -> None:
    import pandas as pd

    from quotaopt.archive import find_run
    from quotaopt.report.house import run_facts, run_lines

    found = [find_run(options.folder, text) for text in rest]
    facts = [dict(run_facts(run)) for run in found]
    rows = [(one["id"], name, str(value)) for one in facts for name, value in one.items()]
    frame = pd.DataFrame(rows, columns=["id", "name", "value"])
    options.emit("runs", frame, (line for run in found for line in run_lines(run)), runs=facts)


def _note(options: Options, text: str, note: str) -> None:
    from quotaopt.archive import find_run
    from quotaopt.index import write_label

    found = find_run(options.folder, text)
    write_label(found, note=note)
    _tell(options, "Noted", [found.id])


def _change(options: Options, action: str, rest: Sequence[str]) -> None:
    from quotaopt.archive import find_run
    from quotaopt.frozen import list_plans
    from quotaopt.index import remove_runs, write_label

    found = list({run.id: run for run in (find_run(options.folder, text) for text in rest)}.values())
    if action == "remove":
        kept = {str(plan.record["run"]): f"plans/{plan.name}" for plan in list_plans(options.folder)}
        remove_runs(options.folder, found, kept)
    else:
        for run in found:
            write_label(run, pinned=action == "pin")
    words = {"pin": "Pinned", "unpin": "Unpinned", "remove": "Removed"}
    _tell(options, words[action], [run.id for run in found])


def _tell(options: Options, what: str, ids: Sequence[str]) -> None:
    import pandas as pd

    frame = pd.DataFrame({"id": list(ids), "done": what.lower()})
    options.emit("runs", frame, [f"{what}  {' '.join(ids)}"])


@command
@click.argument("run")
@click.option("--as", "name", required=True, metavar="NAME", help="What the plan is called, like 2027.")
@WHO
@click.option("--note", default="", metavar="TEXT", help="What people should know of it.")
def freeze(options: Options, run: str, name: str, author: str, note: str) -> None:
    """Keep a run's quotas as a plan, for good; only dated revisions change it."""
    from quotaopt.archive import find_run
    from quotaopt.frozen import freeze as keep
    from quotaopt.report.house import freeze_lines, plan_rows

    project = options.folder
    plan = keep(find_run(project, run), project, name, author or getpass.getuser(), note)
    options.emit("freeze", plan_rows([plan]), freeze_lines(plan))


@command
@click.argument("plan")
@click.option("--effective", required=True, metavar="MONTH", help="The first month that may change, like 2027-04.")
@click.option("--run", "run", metavar="RUN", help="Take the quotas of this run from then on.")
@click.option(
    "--changes", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Take these quotas: rep_id, product_id, month, value, reason, author.",
)  # fmt: skip
@WHO
@click.option("--trigger", default="", metavar="NAME", help="What it is for, on the plan's list (policy.triggers).")
@click.option("--why", required=True, metavar="TEXT", help="The reason, where a row has none of its own.")
def revise(
    options: Options, plan: str, effective: str, run: str | None, changes: Path | None, author: str,
    trigger: str, why: str,
) -> None:  # fmt: skip
    """Change a frozen plan from a month on; every change is written into its ledger."""
    from quotaopt.archive import find_run
    from quotaopt.frozen import find_plan, read_changes, run_changes
    from quotaopt.frozen import revise as change
    from quotaopt.report.house import plan_rows, revise_lines
    from quotaopt.text import plain_month

    if (run is None) == (changes is None):
        raise click.UsageError("revise needs either --run RUN or --changes FILE")
    if plain_month(effective) != effective or not why.strip():
        raise click.UsageError("write --effective like 2027-04, and --why with a reason")
    found = find_plan(options.folder, plan)
    if changes:
        table, source = read_changes(found, changes, effective, why), ""
    else:
        later = find_run(options.folder, str(run))
        table, source = run_changes(found, later, effective, why), later.id
    revised = change(found, table, effective, author or getpass.getuser(), source, trigger)
    options.emit("revise", plan_rows([revised]), revise_lines(revised))


@command
@click.argument("plan", required=False)
@click.option("--by", type=click.Choice(("region", "rep", "product", "month")), default="region", show_default=True,
              help="What to total by.")  # fmt: skip
@click.option("--rep", metavar="R", help="Show every change of one rep's quotas.")
@click.option("--rebuild", "anew", is_flag=True, help="Write current.csv anew from plan and ledger.")
def plans(options: Options, plan: str | None, by: str, rep: str | None, anew: bool) -> None:
    """List the frozen plans; or show one as frozen, as it is now, and who changed it."""
    from quotaopt.frozen import find_plan, list_plans, rebuild
    from quotaopt.report.house import change_lines, change_table, plan_list, plan_rows, rep_lines

    if plan is None:
        table = plan_rows(list_plans(options.folder))
        options.emit("plans", table, plan_list(table))
        return
    found = find_plan(options.folder, plan)
    if anew:
        rebuild(found)
    if rep:
        ledger = found.ledger.loc[found.ledger["rep_id"] == _find_rep(list(found.plan["rep_id"]), rep)]
        options.emit("plans", ledger.astype(str), rep_lines(found, rep, ledger), plan=found.name)
        return
    names, regions = found.names()
    changed = change_table(found, by, names, regions)
    options.emit("plans", changed, change_lines(found, changed, by), plan=found.name, ledger=len(found.ledger))


def _find_rep(reps: Sequence[str], text: str) -> str:
    from quotaopt.errors import UnknownNameError

    if text not in set(reps):
        raise UnknownNameError("rep", text, sorted(set(reps)))
    return text
