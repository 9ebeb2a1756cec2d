"""What `runs`, `freeze`, `revise` and `plans` print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from rich.console import RenderableType
from rich.text import Text

from quotaopt.archive import Run
from quotaopt.columns import frozen as c
from quotaopt.frozen import Frozen
from quotaopt.index import read_label
from quotaopt.report.render import each, grid, labelled, money, percent
from quotaopt.text import counted

LISTS = {"region": "region", "rep": "rep_id", "product": "product_id", "month": "month"}


def run_facts(run: Run) -> list[tuple[str, Any]]:
    """What there is to know of a run, in order: name and value."""
    record, label = run.record, read_label(run)
    size = {path.name: path.stat().st_size for path in sorted(run.folder.iterdir()) if path.is_file()}
    facts = {name: record.get(name) for name in ("id", "scenario", "about", "status", "sentence", "target", "quota")}
    facts |= {name: record.get(name) for name in ("currency", "first_month", "last_month", "solver", "started")}
    facts |= {"varied": record.get("varied"), "seconds": record.get("seconds"), "counts": record.get("counts")}
    facts |= {"inputs": record.get("inputs"), "versions": record.get("versions")}
    facts |= {"note": label.get("note"), "pinned": label.get("pinned"), "files": size}
    return [(name, value) for name, value in facts.items() if value not in (None, "", {}, False)]


def run_lines(run: Run) -> Iterator[RenderableType]:
    """The facts of a run, one a line."""
    for name, value in run_facts(run):
        shown = money(value) if name in ("target", "quota") else _shown(value)
        yield labelled([(f"{name:12}", "bold", shown)])


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return " · ".join(f"{key} {_shown(one)}" for key, one in value.items())
    return f"{value[:12]}…" if isinstance(value, str) and len(value) == 64 else str(value)  # a digest


def plan_rows(plans: Sequence[Frozen]) -> pd.DataFrame:
    """One row for each frozen plan."""
    rows = [
        (plan.name, plan.record["run"], plan.record["frozen"], plan.record["author"], plan.revisions,
         float(plan.plan["quota"].sum()), float(plan.current["quota"].sum()), plan.record["note"])
        for plan in plans
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["plan", "run", "frozen", "author", "revisions", "quota", "current", "note"])


def plan_list(table: pd.DataFrame) -> Iterator[RenderableType]:
    """The frozen plans."""
    if table.empty:
        yield "No frozen plans yet. Freeze one with: quotaopt freeze RUN --as NAME --by WHO"
        return
    body = [
        (
            row.plan,
            row.run,
            row.frozen[:10],
            row.author,
            str(row.revisions),
            money(row.quota),
            money(row.current),
            row.note,
        )
        for row in each(table)
    ]
    yield grid(["plan", "from run", "frozen", "by", "revisions", "plan total", "now", "note"], body, right=range(4, 7))


def change_table(plan: Frozen, by: str, names: Mapping[str, str], regions: Mapping[str, str]) -> pd.DataFrame:
    """Plan, current and change, totalled by region, rep, product or month; only what changed, and the total."""
    both = plan.plan.assign(current=plan.current["quota"]).rename(columns={"quota": "plan"})
    both["region"] = both["rep_id"].map(regions).fillna("")
    sums = both.groupby(LISTS[by])[["plan", "current"]].sum()
    sums = sums[sums["plan"] != sums["current"]]
    sums.loc["all"] = both[["plan", "current"]].sum()
    table = sums.astype(float).rename_axis("key").reset_index()
    table.insert(1, "name", [names.get(key, "") if by == "rep" else "" for key in table["key"]])
    table["change"] = table["current"] - table["plan"]
    table["change_ratio"] = table["change"] / table["plan"].where(table["plan"] != 0)
    return table[[column.name for column in c.HISTORY]]


def change_lines(plan: Frozen, table: pd.DataFrame, by: str) -> Iterator[RenderableType]:
    """Who stands elsewhere than in the plan, and the revisions that did it."""
    head = f"  frozen {plan.record['frozen'][:10]} by {plan.record['author']} from {plan.record['run']}"
    yield Text.assemble((plan.name, "bold"), head)
    body = [
        (
            row.name or row.key or "(none)",
            money(row.plan),
            money(row.current),
            money(row.change),
            percent(row.change_ratio),
        )
        for row in each(table)
    ]
    yield grid([by, "plan", "now", "change", ""], body, total=True, right=range(1, 5))
    yield from revision_lines(plan.ledger)


def revision_lines(ledger: pd.DataFrame) -> Iterator[RenderableType]:
    """One line for each revision."""
    if ledger.empty:
        yield Text("Not revised since.", style="dim")
        return
    moved = ledger.assign(moved=[b - a for a, b in zip(ledger["old"], ledger["new"], strict=True)])
    body = [
        (str(number), part["effective"].iloc[0], part["written"].iloc[0][:10], ", ".join(dict.fromkeys(part["author"])),
         str(len(part)), money(float(part["moved"].sum())), "; ".join(dict.fromkeys(part["reason"])))
        for number, part in moved.groupby("revision", sort=False)
    ]  # fmt: skip
    yield Text()
    yield grid(["revision", "from", "written", "by", "quotas", "sum changes by", "why"], body, right=(4, 5))


def rep_lines(plan: Frozen, rep: str, ledger: pd.DataFrame) -> Iterator[RenderableType]:
    """Every change of one rep's quotas, oldest first."""
    now, then = (float(frame.loc[frame["rep_id"] == rep, "quota"].sum()) for frame in (plan.current, plan.plan))
    yield Text.assemble((rep, "bold"), f"  {money(then)} in the plan, {money(now)} now")
    body = [
        (row.revision, row.month, row.product_id, money(float(row.old)), money(float(row.new)), row.author,
         row.written[:10], row.reason)
        for row in each(ledger)
    ]  # fmt: skip
    if body:
        yield grid(["revision", "month", "product", "old", "new", "by", "written", "why"], body, right=(3, 4))
    else:
        yield Text("Never changed.", style="dim")


def freeze_lines(plan: Frozen) -> Iterator[RenderableType]:
    """What was frozen, and what to do next."""
    total = money(float(plan.plan["quota"].sum()))
    yield labelled([
        ("Frozen  ", "bold", f"plans/{plan.name}: {len(plan.plan):,} quotas, {total}, from {plan.record['run']}"),
        ("Next    ", "bold", f"quotaopt revise {plan.name} --effective MONTH --changes FILE --by WHO --why TEXT"),
    ])  # fmt: skip


def revise_lines(plan: Frozen) -> Iterator[RenderableType]:
    """What the newest revision changed."""
    last = plan.ledger[plan.ledger["revision"] == str(plan.revisions)]
    moved = float(sum(last["new"]) - sum(last["old"]))
    reps = last["rep_id"].nunique()
    count = f"{counted(len(last), 'quota')} of {counted(reps, 'rep')} from {last['effective'].iloc[0]} on"
    yield labelled([
        ("Revised ", "bold", f"plans/{plan.name}, revision {plan.revisions}: {count}"),
        ("Total   ", "bold", f"{money(float(plan.current['quota'].sum()))}, {money(moved)} against before"),
        ("Next    ", "bold", f"quotaopt plans {plan.name}"),
    ])  # fmt: skip
