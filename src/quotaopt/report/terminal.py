"""What `quotaopt run` prints: the face of the program.

Everything comes from the run's own folder, so that what is printed is what was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan
from pathlib import Path

import pandas as pd
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from quotaopt import columns as c
from quotaopt.archive import Run
from quotaopt.report.conflicts import after_no_plan, conflict_report
from quotaopt.report.metrics import metric_lines
from quotaopt.report.render import each, grid, labelled, money, percent, ratio, records
from quotaopt.scenario import scenario_names
from quotaopt.text import counted

FEW = 4  # runs whose stages are printed; of more there is one table
SHOWN = 6  # exceptions and conflicts shown in full; the rest is counted
NAIVE = "seasonal_naive"
LEVELS = {"all": "company", "region": "region", "rep": "rep"}
LONGEST_BAR = 20


def run_report(runs: Sequence[Run], project: Path) -> Iterator[RenderableType]:
    """Everything `quotaopt run` prints of its runs."""
    for run in runs:
        if len(runs) <= FEW:
            yield Text.assemble((run.scenario, "bold"), f"  {run.record['about']}")
            yield _stages(run)
        if run.has("conflicts") and len(runs) <= FEW:
            yield from conflict_report(run)
    planned = [run for run in runs if run.has("quotas")]
    if len(runs) > 1 and (planned or len(runs) > FEW):
        yield from _scenarios(runs)
    elif planned:
        yield from _regions(planned[0])
        yield from _fairness(planned[0])
    for run in runs:
        if run.has("metrics"):
            yield from metric_lines(run)
        if run.has("solvers"):
            yield from _solvers(run)
    yield from _ending(runs, planned, project)


def _stages(run: Run) -> Table:
    """What was read, forecast and solved, and how long each took."""
    record, counts, seconds = run.record, run.record["counts"], run.record["seconds"]
    methods = sorted(counts["forecast_methods"].items(), key=lambda pair: -pair[1])
    rules = run.table("rules")
    soft = rules.loc[~rules["hard"], "rule"].nunique()
    goals = ", ".join(run.table("goals")["goal"])
    stated = f"{rules['rule'].nunique()} rules" + f" ({soft} soft)" * bool(soft)
    solved = [f"{counts['quotas']:,} quotas", stated if len(rules) else "", goals]
    read = (
        f"{counts['sales']:,} sales {counts['history_first']} … {counts['history_last']} · "
        f"{counts['reps']} reps · {counts['products']} products"
    )
    rows: list[tuple[str, str | Text, str]] = [
        ("read", read, "read"),
        ("forecast", " · ".join(f"{name} ({n})" for name, n in methods), "forecast"),
        ("accuracy", _accuracy(run), ""),
        ("solve", Text.assemble(" · ".join([*filter(None, solved), record["solver"]]) + "  ", _status(run)), "solve"),
    ]
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(ratio=1)
    table.add_column(style="dim", justify="right")
    for name, fact, stage in rows:
        if fact:
            table.add_row(f"  {name}", fact, f"{seconds[stage]:.1f} s" if stage else "")
    return table


def _status(run: Run) -> tuple[str, str]:
    words = "no plan can exist" if run.status == "infeasible" else run.status
    return words, "bold green" if run.has("quotas") else "bold red"


def _accuracy(run: Run) -> str:
    """How far months were off in the back-tests, against taking last year's months again."""
    table = run.table("accuracy").set_index("level")
    mine = table[table["chosen"]]["wape_month"]
    naive = table[table["method"] == NAIVE]["wape_month"]
    known = [level for level in LEVELS if level in mine.index and level in naive.index and mine[level] == mine[level]]
    if not known:
        return ""
    parts = [f"{LEVELS[level]} {percent(mine[level], False)} (naive {percent(naive[level], False)})" for level in known]
    return f"error of a month in {counted(int(table['origins'].iloc[0]), 'back-test')}: " + " · ".join(parts)


def _regions(run: Run) -> Iterator[RenderableType]:
    totals = run.table("totals")
    rows = totals[totals["level"].isin(["region", "all"])].sort_values("level", ascending=False, kind="stable")
    body = [
        (row.key or "(none)", money(row.quota), money(row.last_year), percent(row.change), money(row.capacity),
         ratio(row.stretch), Text(bar(row.stretch), style=_heat(row.stretch)))
        for row in each(rows)
    ]  # fmt: skip
    record = run.record
    yield Text()
    heads = ["region", f"quota {record['currency']}".strip(), "last year", "change", "capacity", "stretch", ""]
    yield grid(heads, body, total=True, right=range(1, 6))
    over = f" + {percent(record['overassignment'], False)} overassignment" if record["overassignment"] else ""
    yield Text(f"target {money(record['target'])}{over}, {record['first_month']} … {record['last_month']}", style="dim")


def bar(stretch: float) -> str:
    """A bar as long as the stretch; ten glyphs are 1.0."""
    return "" if isnan(stretch) else "█" * min(round(10 * stretch), LONGEST_BAR)


def _heat(stretch: float) -> str:
    return "red" if stretch > 1.2 else "yellow" if stretch > 1 else "green"


def _fairness(run: Run) -> Iterator[RenderableType]:
    """The limits that bind, and the reps they keep from their group's level."""
    rules, fairness = run.table("rules"), run.table("fairness")
    binding = rules[rules["binding"] & (rules["sense"] != "==")].groupby("rule", sort=False).size()
    named = " · ".join(f"{rule} {n}" for rule, n in binding.sort_values(ascending=False, kind="stable").items())
    stopped = fairness[fairness["stopped_by"] != ""]
    groups = fairness.groupby("peer_group")["block"].first()
    level = f", {ratio(groups.iloc[0])}" if len(groups) == 1 else f" ({len(groups)} groups)"
    equal = f"{len(fairness) - len(stopped)} of {len(fairness)} reps stand at their peer group's level{level}"
    yield Text()
    yield labelled([
        ("Limits ", "bold", named or "none is reached"),
        ("Fair   ", "bold", equal + ("; a rule stops the others:" if len(stopped) else "")),
    ])  # fmt: skip
    if len(stopped):
        yield _stopped(run, stopped)
    if len(stopped) > SHOWN:
        yield Text(f"        … {len(stopped) - SHOWN} more in fairness.csv", style="dim")


def _stopped(run: Run, stopped: pd.DataFrame) -> Table:
    """The reps a rule keeps from their group's level, the furthest first."""
    order = (stopped["level"] - stopped["block"]).abs().sort_values(ascending=False, kind="stable").index
    names = run.table("totals").query("level == 'rep'").set_index("key")["name"]
    body = [
        (
            f"        {names.get(row.rep_id) or row.rep_id}",
            row.stopped_by,
            row.source,
            ratio(row.level),
            ratio(row.block),
        )
        for row in each(stopped.loc[order].head(SHOWN))
    ]
    return grid(["        rep", "rule", "source", "level", "peers"], body, right=(3, 4))


def _scenarios(runs: Sequence[Run]) -> Iterator[RenderableType]:
    """One line for each run; one without a plan says so."""
    heads = ["scenario", "target", "quotas", "over", "stretch mid", "max", "reps over capacity", "binding rules"]
    yield Text()
    yield grid(heads, [_scenario(run) for run in runs])


def _scenario(run: Run) -> tuple[str, ...]:
    asked = (run.scenario, money(run.record["target"]))
    over = percent(run.record["overassignment"], False)
    if not run.has("quotas"):
        return (*asked, _status(run)[0], over, "", "", "", "")
    rules, totals = run.table("rules"), run.table("totals")
    stretch = totals[totals["level"] == "rep"]["stretch"]
    binding = rules[rules["binding"] & (rules["sense"] != "==")]["rule"].nunique()
    highest = (ratio(stretch.median()), ratio(stretch.max()), str(int((stretch > 1).sum())), str(binding))
    return (*asked, money(run.record["quota"]), over, *highest)


def _solvers(run: Run) -> Iterator[RenderableType]:
    table = run.table("solvers")
    off = table["largest_cell_difference"]
    body = [
        (row.solver, row.version, row.status, money(row.solve_seconds, 2), money(row.largest_cell_difference, 2),
         money(row.largest_rep_difference, 2))
        for row in each(table)
    ]  # fmt: skip
    yield Text()
    heads = ["solver", "version", "status", "seconds", "largest difference of a quota", "of a rep"]
    yield grid(heads, body, right=range(3, 6))
    if off.max() > 0:
        yield Text("The plans DIFFER: this is a bug, please report it.", style="bold red")
    elif off.notna().all():
        yield Text("The plans are identical, to the last unit.", style="green")


def _ending(runs: Sequence[Run], planned: Sequence[Run], project: Path) -> Iterator[RenderableType]:
    messages = list(dict.fromkeys(text for run in runs for text in run.table("warnings")["message"]))
    yield Text()
    if messages:
        more = f" (and {len(messages) - 1} more in warnings.csv)" if len(messages) > 1 else ""
        yield labelled([("Note   ", "yellow", messages[0] + more)])
    saved = "   ".join(shown_folder(run.folder, project) for run in runs)
    if len(runs) > FEW:
        first, last = (shown_folder(run.folder, project) for run in (runs[0], runs[-1]))
        saved = f"{len(runs)} runs, {first} … {last}"
    yield Text.assemble(("Saved   ", "bold"), saved)
    yield Text.assemble(("Next    ", "bold"), next_step(runs, planned, scenario_names(project)))


def shown_folder(folder: Path, project: Path) -> str:
    """The folder relative to the project when inside it."""
    return (folder.relative_to(project) if folder.is_relative_to(project) else folder).as_posix()


def next_step(runs: Sequence[Run], planned: Sequence[Run], scenarios: Sequence[str]) -> str:
    """The command that helps most after these runs."""
    if not planned:
        return after_no_plan(runs[0])
    first = planned[0].scenario
    others = [run.scenario for run in planned[1:]] or [name for name in scenarios if name != first]
    if len(planned) > 1:
        return f"quotaopt compare {first} {others[0]} --by region"
    if others:
        return f"quotaopt run {others[0]} && quotaopt compare {first} {others[0]}"
    if planned[0].record.get("hedges"):
        return f"quotaopt explain {planned[0].id} --what-if target=+1%"
    return f"quotaopt run {first} --set overassignment=0.05 && quotaopt runs"


def run_rows(runs: Sequence[Run]) -> tuple[pd.DataFrame, dict[str, object]]:
    """For other programs: the totals of every run, and each run's record with its conflicts."""
    planned = [run.table("totals") for run in runs if run.has("totals")]
    names = [column.name for column in c.TOTALS]
    frame = pd.concat(planned, ignore_index=True) if planned else pd.DataFrame(columns=names)
    conflicts = {run.id: records(run.table("conflicts")) for run in runs if run.has("conflicts")}
    described = [{**run.record, "folder": str(run.folder), "conflicts": conflicts.get(run.id, [])} for run in runs]
    return frame, {"runs": described}
