"""What `quotaopt explain RUN` prints: one rep's quota on a page, or what each rule of the plan costs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import floor, isnan, log10
from typing import Any

import numpy as np
import pandas as pd
from rich.console import RenderableType
from rich.text import Text

from quotaopt.case import Case
from quotaopt.problem import Ints
from quotaopt.report.findings import in_language
from quotaopt.report.render import each, grid, labelled, money, percent, ratio, records
from quotaopt.report.words import rule_words, step_words, words
from quotaopt.text import counted
from quotaopt.why import Ladder
from quotaopt.why.sheet import RepWhy

Names = Mapping[str, str]
SAME = 5e-5  # levels that read the same
EXACT = 1e12  # beyond it a float has no more than cents


def rep_report(why: RepWhy, language: str) -> Iterator[RenderableType]:
    """One page of one rep, in a language."""
    say = words(language)
    facts = " · ".join(
        filter(None, (why.rep, why.region, say["period"].format(first=why.months[0], last=why.months[1])))
    )
    yield Text.assemble((why.name or why.rep, "bold"), f"  {facts}")
    yield Text(headline(why, language))
    yield Text()
    yield _steps(why, language)
    if idle := idle_steps(why, language):
        yield labelled([("", "dim", Text(idle, style="dim"))])
    for title, lines in sections(why, language):
        yield Text()
        yield Text(title, style="bold")
        yield labelled(("  ·", "dim", line) for line in lines)
        if title == say["peers"]:
            yield _peers(why, say)
    if why.notes:
        yield Text()
        yield labelled((say["note"], "yellow", text) for text in note_texts(why, language))


def note_texts(why: RepWhy, language: str) -> list[str]:
    """What is to be said of the explanation itself."""
    stop = words(language)["page.stop"]
    return [f"{in_language(n.what, language)}{stop} {in_language(n.remedy, language)}".strip() for n in why.notes]


def who(why: RepWhy, language: str) -> str:
    """The rep's id and region, and the months of the plan."""
    period = words(language)["period"].format(first=why.months[0], last=why.months[1])
    return " · ".join(filter(None, (why.rep, why.region, period)))


def headline(why: RepWhy, language: str) -> str:
    """The quota against last year, capacity and chance."""
    say, facts = words(language), why.facts
    known = facts["last_year"] > 0
    quota = f"{money(facts['quota'])} {why.currency}".strip()
    values = {"quota": quota, "stretch": ratio(facts["stretch"])}
    head = say["head"].format(last=ratio(facts["quota"] / facts["last_year"]), **values) if known else ""
    chance = say["chance"].format(chance=part(facts["chance"], language))
    parts = [head or say["head_new"].format(**values), *([] if isnan(facts["chance"]) else [chance])]
    return say["and"].join(parts)


def shown_steps(why: RepWhy) -> pd.DataFrame:
    """The steps that change something, the first always."""
    return why.steps[(why.steps["amount"] != 0) | (why.steps["order"] == 1)]


def idle_steps(why: RepWhy, language: str) -> str:
    """A line that names the steps that change nothing."""
    idle = why.steps[~why.steps["order"].isin(shown_steps(why)["order"])]["step"]
    say = words(language)
    short = [lower(re.split("[:：]", step_words(language, step))[0]) for step in idle]
    return say["idle"].format(steps=say["list"].join(short)) if short else ""


def lower(text: str) -> str:
    """Within a sentence."""
    return text[:1].lower() + text[1:]


def _steps(why: RepWhy, language: str) -> RenderableType:
    say = words(language)
    body = [
        (
            step_words(language, row.step),
            "" if row.order == 1 else cents(row.amount, True),
            cents(row.total),
            row.source,
        )
        for row in each(shown_steps(why))
    ]
    body.append((say["final"], "", cents(why.steps["total"].iloc[-1]), ""))
    return grid([say["how"], say["amount"], say["total"], say["written"]], body, right=(1, 2), total=True)


def added(row: Any) -> str:
    """What a step adds; nothing is said of the first, where it all begins."""
    return "" if row.order == 1 else cents(row.amount, True)


def part(value: float, language: str) -> str:
    """A ratio in percent, as the language writes it."""
    return percent(value, False).replace(" ", " " if language == "en" else "")


def cents(value: float, sign: bool = False) -> str:
    """An amount to the cent, or finer where the steps are."""
    digits = max(2, len(repr(float(value)).partition(".")[2])) if abs(value) < EXACT else 2
    return f"{value:{'+' if sign else ''},.{digits}f}"


def change(value: float) -> str:
    """A change with its sign; cents only where amounts are small."""
    return f"{'+' if value > 0 else ''}{money(value)}"


def sections(why: RepWhy, language: str) -> Iterator[tuple[str, list[str]]]:
    """Title and sentences of each further part of the page."""
    say = words(language)
    yield say["holds"], list(_holds(why, language))
    yield say["peers"], [say["peers_about"], *([] if why.same_group else [say["peers_all"]])]
    yield say["less"].format(quota=money(why.facts["less"])), list(_less(why, language))


def _holds(why: RepWhy, language: str) -> Iterator[str]:
    say, facts = words(language), why.facts
    if why.stopped_by:
        rules = say["list"].join(rule_words(language, name) for name in why.stopped_by.split("; "))
        values = {"level": ratio(facts["level"]), "group": ratio(facts["group_level"])}
        yield say["off_group"].format(rules=rules, source=why.source, **values)
    elif not isnan(facts["group_level"]):
        yield say["at_group"].format(level=ratio(facts["group_level"]))
    yield from (_hold(row, why, language) for row in each(why.holds))
    if why.holds.empty:
        yield say["no_holds"]


def _hold(row: Any, why: RepWhy, language: str) -> str:
    say = words(language)
    scope = say["own"] if row.scope == why.rep else say["all"] if row.scope == "all" else row.scope
    form = "others" if not row.limits else "limits" if row.limits > 1 else "weighed" if isnan(row.limit) else "limit"
    rule = rule_words(language, row.rule)
    text = say[form].format(
        rule=rule[:1].upper() + rule[1:], scope=scope, sense=say.get(row.sense, ""), limit=money(row.limit),
        source=row.source, count=int(row.limits),
    )  # fmt: skip
    more = row.without - why.facts["quota"]
    same = abs(more) < 1e-9
    effect = say["without_same"] if same else say["without"].format(quota=money(row.without), change=change(more))
    price = price_text(row, say["there"], language) if row.limits else ""
    return say["then"].join(filter(None, (text, say["without_none"] if isnan(more) else effect, price)))


def price_text(row: Any, scope: str, language: str) -> str:
    """What a round change of a limit would do to the highest level it moves, and how far that is proven.

    Told is the change that helps; where that is not in proportion, as at a limit that has just been reached, the other.
    """
    say = words(language)
    if not row.price or isnan(row.limit):
        return ""
    proven = {"less": row.limit - row.price_from, "more": row.price_to - row.limit}
    helps = "less" if row.price > 0 else "more"
    way = max(proven, key=lambda way: (proven[way] > 0, way == helps))
    if isnan(row.price) or not proven[way] > 0:
        return say["price.unknown"]
    step = 10.0 ** floor(log10(proven[way]))
    text = say["price"].format(
        amount=f"{step:,.10g}", way=say[f"price.{way}"], scope=scope,
        effect=say["price.lower" if way == helps else "price.raise"],
        level=np.format_float_positional(abs(row.price) * step, 2, fractional=False, trim="-"),
    )  # fmt: skip
    ends = {"low": money(row.price_from), "high": money(row.price_to)}
    return text + say["price.between"].format(**ends) + say["page.stop"]


def _peers(why: RepWhy, say: Mapping[str, str]) -> RenderableType:
    heads = [say[key] if key else "" for key in ("", "last_year", "capacity", "presence", "quota", "stretch")]
    return grid([lower(head) for head in heads], list(peer_rows(why, say)))


def peer_rows(why: RepWhy, say: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """The rep and the peers, one row each."""
    for row in each(why.peers):
        name = say["you"] if row.peer == "you" else say["peer"].format(letter=row.peer)
        yield name, money(row.last_year), money(row.capacity), ratio(row.presence), money(row.quota), ratio(row.stretch)


def _less(why: RepWhy, language: str) -> Iterator[str]:
    say = words(language)
    target, lock = (row for row in each(why.less))
    if target.possible:
        form = "by_node" if target.scope else "by_target"
        yield say[form].format(amount=money(target.amount), ratio=part(target.ratio, language), scope=target.scope)
    else:
        yield say["no_target"]
    if not lock.possible:
        rules = say["list"].join(rule_words(language, name) for name in str(lock.scope).split("; "))
        yield say["no_lock"].format(rules=rules, source=lock.source)
    elif not lock.reps:
        yield say["by_lock_none"]
    else:
        shares = say["list"].join(f"{region or '–'} {part(share, language)}" for region, share in why.paid_by.items())
        regions = say["of_regions"].format(parts=shares) if len(why.paid_by) > 1 else ""
        yield say["by_lock"].format(
            reps=int(lock.reps), amount=money(lock.amount), ratio=part(lock.ratio, language), regions=regions
        )


def rep_content(why: RepWhy) -> dict[str, object]:
    """What JSON says beside the steps."""
    return {
        "rep": {"rep_id": why.rep, "rep_name": why.name, "region": why.region} | why.facts
        | {"stopped_by": why.stopped_by, "source": why.source},
        "holds": records(why.holds),
        "peers": records(why.peers),
        "less": records(why.less),
        "paid_by": why.paid_by,
        "notes": [str(note) for note in why.notes],
    }  # fmt: skip


def cost_report(table: pd.DataFrame, names: Names, currency: str, top: int) -> Iterator[RenderableType]:
    """A sentence for each rule that costs something, the dearest first; those that cost nothing in a line."""
    dear = table[table["moved"].isna() | (table["reps"] > 0)]
    if dear.empty:
        yield "No rule but the target holds this plan: without any of them it would be the same."
    for number, row in enumerate(each(dear.head(top)), start=1):
        yield labelled([(f"{number:>2} ", "bold", _cost(row, names, currency))])
    if len(dear) > top:
        yield Text(f"… {len(dear) - top} more: --top {len(dear)}, or --format csv", style="dim")
    if idle := [str(rule) for rule in table.drop(index=dear.index)["rule"]]:
        yield Text(f"Without any one of these the plan would be the same: {', '.join(idle)}.", style="dim")


def _cost(row: Any, names: Names, currency: str) -> Text:
    text = Text.assemble((row.rule, "bold"), f" ({row.source}) " if row.source else " ")
    scope = words("en")["all"] if row.scope == "all" else names.get(row.scope, row.scope)
    price = f" {price_text(row, f'for {scope} ({money(row.limit)})', 'en')}" if row.binding else ""
    if isnan(row.moved):
        return text.append(f"holds the plan together: without it there is none.{price.rstrip()}")
    amount, level = f"{money(row.moved)} {currency}".strip(), row.level_change
    what = f"moves {amount}" if row.more_rep and row.less_rep else f"{'adds' if row.more_rep else 'takes'} {amount}"
    text.append(f"{what}, concerning {counted(int(row.reps), 'rep')}")
    if row.binding:
        text.append(f"; {int(row.binding)} of its limits {'is' if row.binding == 1 else 'are'} reached")
    way = f"{'raises' if level > 0 else 'lowers'} the highest level by {abs(level):.4f} to {row.level:.4f}"
    text.append(f". It {'leaves the highest level as it is' if abs(level) < SAME else way}.")
    most = [
        f"{names.get(rep, rep)} gets {change(moved)}"
        for rep, moved in ((row.more_rep, row.more_change), (row.less_rep, row.less_change))
        if rep
    ]
    return text.append(f" Most: {', '.join(most)}." if most else "").append(price.rstrip())


def ladder_report(case: Case, ladder: Ladder, names: Names, top: int) -> Iterator[RenderableType]:
    """The steps of the largest quotas side by side, one row per rep, and their sum over all reps."""
    used = [k for k in range(len(ladder.steps)) if k == 0 or ladder.amounts[k].any()]
    unit = float(ladder.grain)
    quota = ladder.amounts.sum(axis=0)
    order = np.argsort(-quota, kind="stable")[:top]
    reps = case.problem.index.reps.index

    def cells(amounts: Ints) -> list[str]:
        rest = [change(value * unit) if value else "" for value in amounts[used[1:]].tolist()]
        return [money(float(amounts[0]) * unit), *rest, money(float(amounts.sum()) * unit)]

    body = [(names.get(str(reps[r]), str(reps[r])), *cells(ladder.amounts[:, r])) for r in order]
    body.append(("all", *cells(ladder.amounts.sum(axis=1))))
    yield grid(["rep", *(ladder.steps[k].name for k in used), "quota"], body, total=True)
    if quota.size > top:
        yield Text(f"… {quota.size - top} more: --top {quota.size}, or --format csv", style="dim")
    yield from (Text(f"Note    {note}") for note in ladder.notes)
