"""What a run could not know, in sentences: so that nobody takes a number for more than it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from quotaopt.archive import Run
from quotaopt.report.findings import in_language
from quotaopt.report.render import money, percent, ratio
from quotaopt.report.words import words

YEAR = 12
NAMED = 8  # people named in a sentence; the rest is counted
OFF_SALE = "not on sale"


def unknown_lines(run: Run, language: str, changed: Sequence[str]) -> Iterator[str]:
    """What was not known, or only roughly: people, methods, calendar, the plan itself.

    Parameters
    ----------
    changed : data files that are gone or are not what they were.
    """
    say = words(language)
    yield from _people(run, language)
    yield from _methods(run, say)
    years = run.record.get("calendar", {}).get("provisional", [])
    if years:
        yield say["unknown.calendar"].format(years=say["list"].join(map(str, years)))
    yield from _plan(run, say)
    if changed:
        yield say["unknown.changed"].format(files=say["list"].join(changed))
    yield say["unknown.behaviour"]


def _people(run: Run, language: str) -> Iterator[str]:
    """Reps with little history of their own, seats without anybody, people without a target."""
    say = words(language)
    forecast = run.table("forecast")
    known = forecast.groupby("rep_id", sort=False)["months_used"].max()
    names = _names(run)
    for key, found in (("unknown.new", known == 0), ("unknown.short", (known > 0) & (known < YEAR))):
        if found.any():
            who = [names.get(rep) or rep for rep in known.index[found]]
            yield say[key].format(count=len(who), names=_some(who, say))
    flags = forecast[(forecast["flag"] != "") & forecast["rep_id"].map(known).ge(YEAR)]
    for flag, rows in flags.groupby("flag", sort=False):
        who = [names.get(rep) or rep for rep in rows["rep_id"].unique()]
        yield say["unknown.flag"].format(flag=in_language(str(flag), language), names=_some(who, say))
    if run.has("vacant"):
        vacant = run.table("vacant")
        yield say["unknown.vacant"].format(
            amount=money(vacant["potential"].sum()), count=vacant["holder"].nunique(), currency=run.record["currency"]
        )
    if run.has("uncovered"):
        yield say["unknown.uncovered"].format(amount=money(run.table("uncovered")["quota"].sum()))
    if run.has("excluded"):
        table = run.table("excluded")
        who = [row.rep_name or row.rep_id for row in table.itertuples()]
        yield say["unknown.excluded"].format(count=len(who), names=_some(who, say))


def _methods(run: Run, say: Mapping[str, str]) -> Iterator[str]:
    """Forecasters that stood in for the chosen one, what is forecast zero, and how good forecasts were before."""
    methods = dict(run.record["counts"]["forecast_methods"])
    main = max((m for m in methods if m != OFF_SALE), key=lambda m: methods[m], default="")
    others = [f"{name} ({count})" for name, count in methods.items() if name not in (main, OFF_SALE)]
    if others:
        yield say["unknown.methods"].format(main=main, others=say["list"].join(others))
    if off := methods.get(OFF_SALE):
        yield say["unknown.off_sale"].format(count=off)
    tests = run.table("accuracy")
    tests = tests[tests["chosen"] & (tests["origins"] > 0)].set_index("level")
    if "rep" not in tests.index or "all" not in tests.index:
        yield say["unknown.no_tests"]
        return
    yield say["unknown.tests"].format(
        count=int(tests["origins"]["all"]),
        rep=percent(tests["wape_sum"]["rep"], False),
        all=percent(tests["wape_sum"]["all"], False),
    )


def _plan(run: Run, say: Mapping[str, str]) -> Iterator[str]:
    """How far the plan is from the best, rules that gave way to whole units, chances nobody could tell."""
    if run.status == "approximate":
        yield say["unknown.approximate"]
    if run.status == "feasible":
        gap = run.table("goals")["gap"].max()
        yield say["unknown.feasible"].format(gap=ratio(gap) or "?")
    if off := run.record.get("deviations"):
        yield say["unknown.deviations"].format(count=len(off))
    if not run.has("quotas"):
        return
    fair = run.table("fairness")
    if missing := int(fair["chance"].isna().sum()):
        yield say["unknown.chance"].format(count=missing)


def _names(run: Run) -> dict[str, str]:
    table = (
        run.table("outlook").query("level == 'rep'") if run.has("outlook") else pd.DataFrame(columns=["key", "name"])
    )
    return dict(zip(table["key"], table["name"], strict=True))


def _some(who: Sequence[str], say: Mapping[str, str]) -> str:
    text = say["list"].join(who[:NAMED])
    return say["more"].format(names=text, count=len(who) - NAMED) if len(who) > NAMED else text
