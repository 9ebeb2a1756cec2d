"""What the roster and the table of leave say together: who takes part, who is still to be hired, who compares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from quotaopt.columns import PEER_GROUP, REP_ATTRIBUTES
from quotaopt.errors import Finding, nearest, split_place
from quotaopt.scenario import Scenario
from quotaopt.settings import Settings
from quotaopt.tables.byhand import BY_HAND
from quotaopt.tables.sheet import Sheet
from quotaopt.text import counted

LAST = "9999-12-31"


def check_people(scenario: Scenario, sheets: Mapping[str, Sheet]) -> None:
    """Report leave that overlaps, locks on people who are left out, and peers by columns that are not there."""
    roster = sheets["roster"]
    for name, noun in (("leave", "leave"), ("headcounts", "headcount")):
        _check_overlaps(sheets[name], noun)
    if roster.has("include", "rep_id"):
        left_out = roster.rows_where("include", lambda text: text == "false")
        names = dict(zip(roster.frame["rep_id"].to_numpy()[left_out], left_out, strict=True))

        def what(_row: int, text: str) -> str:
            at = names[text]
            return f"is left out of the plan ({roster.file[at]}:{roster.line[at]}): there is no quota to decide"

        for table in (sheets[name] for name in BY_HAND if sheets[name].has("rep_id")):
            rows = table.rows_where("rep_id", lambda text: text in names)
            table.report(rows, "rep_id", what, "Delete the row, or include the rep.", code="excluded")
        if 0 < len(roster.frame) == left_out.size:
            roster.report(left_out[:1], "include", "nobody is left to plan for", "Include somebody.", code="excluded")
    _check_peers(scenario, roster)


def _check_overlaps(leave: Sheet, noun: str) -> None:
    """Report each row that begins before an earlier one of the same rep has ended."""
    if not leave.has("rep_id", "start_date"):
        return
    rep, start = (leave.frame[c].to_numpy(str) for c in ("rep_id", "start_date"))
    end = leave.frame["end_date"].to_numpy(str) if leave.has("end_date") else np.full(len(rep), "")
    end = np.where(end == "", LAST, end)
    sound = np.flatnonzero((rep != "") & (start != ""))
    order = sound[np.lexsort((end[sound], start[sound], rep[sound]))]
    before = dict(zip(order[1:].tolist(), order[:-1].tolist(), strict=True))
    again = [now for now, then in before.items() if rep[now] == rep[then] and start[now] <= end[then]]

    def what(row: int, _text: str) -> str:
        return f"overlaps the {noun} of line {leave.line[before[row]]}"

    leave.report(sorted(again), "start_date", what, "End one the day before the other begins.", code="overlap")


def _check_peers(scenario: Scenario, roster: Sheet) -> None:
    known = [*REP_ATTRIBUTES[1:-1], *map(str, roster.frame)]
    for name in scenario.settings.peers:
        if not roster.has("rep_id") or name in roster.frame:
            continue
        near = roster.ours(name) or nearest(name, [column for column in known if column in roster.frame])
        remedy = f"Nearest: {near!r}." if near else f"Its columns: {', '.join(map(str, roster.frame))}."
        place = split_place(scenario.source("peers"))
        roster.findings.append(Finding("the roster has no such column", remedy, *place, "peers", name, code="peers"))


def settle_roster(roster: pd.DataFrame, settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The people to plan for, and those left out; both with peer groups, vacant seats not filled before the plan.

    Peers are those alike in every column of ``peers``, where the roster names no group.
    """
    if settings.peers:
        group = roster[settings.peers].astype(str).agg("/".join, axis=1)
        roster = roster.assign(**{PEER_GROUP: roster[PEER_GROUP].where(roster[PEER_GROUP] != "", group)})
    first = pd.Timestamp(f"{settings.months[0]}-01")
    early = roster["is_vacant"] & ~(roster["start_date"] >= first)
    start = roster["start_date"].mask(early, first)
    roster = roster.assign(start_date=start)
    taken = roster["include"]
    return roster[taken].drop(columns="source").reset_index(drop=True), roster[~taken].reset_index(drop=True)


def note_people(excluded: pd.DataFrame) -> Iterator[Finding]:
    """Who is left out, and why."""
    if excluded.empty:
        return
    names = [
        f"{rep} ({why})" if why else rep
        for rep, why in zip(excluded["rep_id"], excluded["exclude_reason"], strict=True)
    ]
    what = f"{counted(len(names), 'rep')} left out of the plan, without a target: {', '.join(names)}"
    untold = bool((excluded["exclude_reason"] == "").any())
    remedy = "Write why in a column exclude_reason." if untold else ""
    yield Finding(what, remedy, *split_place(str(excluded["source"].iloc[0])), severity="warning", code="excluded")
