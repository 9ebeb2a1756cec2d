"""The columns of the tables of a run that are about people: on leave, not there yet, left out."""

from __future__ import annotations

from typing import Final

from quotaopt.columns import Column

LEAVE: Final = (
    Column("rep_id", "string", "the rep on leave"),
    Column("rep_name", "string", "the rep's name"),
    Column("from", "date", "first day; empty where no limit is given"),
    Column("to", "date", "last day; empty where no limit is given"),
    Column("kind", "string", "what kind of leave, as written"),
    Column("days", "integer", "working days of it within the plan; days without a calendar"),
    Column("relief", "number", "share of the quota that is taken off for these days", "ratio"),
    Column("capacity", "number", "capacity that is missing because of it", "money"),
    Column("quota", "number", "quota that would go with it, if all of the plan were shared out by capacity", "money"),
    Column("goes_to", "string", "who carries it: peers, company gap, or the team or manager by name"),
)
UNCOVERED: Final = (
    Column("rep_id", "string", "the vacant seat"),
    Column("region", "string", "its region"),
    Column("period", "string", "month, like 2027-01"),
    Column("filled", "number", "probability that somebody holds it, by days", "ratio"),
    Column("quota", "number", "quota of the seat: uncovered until it is filled", "money"),
)
EXCLUDED: Final = (
    Column("rep_id", "string", "the rep without a target"),
    Column("rep_name", "string", "the rep's name"),
    Column("region", "string", "the rep's region"),
    Column("reason", "string", "why, as written"),
    Column("source", "string", "file:line"),
)
