"""What `quotaopt explain RUN --rep R --swap PART` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isnan

from rich.console import RenderableType
from rich.text import Text

from quotaopt.report.render import each, grid, labelled, money, percent
from quotaopt.report.words import words
from quotaopt.why.swap import Swap


def swap_report(swap: Swap, names: Mapping[str, str], currency: str, language: str = "en") -> Iterator[RenderableType]:
    """How much could go, and to whom."""
    say = words(language)
    name = names.get(swap.rep, swap.rep)
    yield Text.assemble((name, "bold"), f"  {swap.rep}")
    if not len(swap.takers):
        yield Text(say["swap.nobody"])
        return
    taken = money(swap.taken, 0 if swap.taken % 1 == 0 else None)
    amount = say["swap.of"].format(taken=taken, quota=money(swap.quota), currency=currency)
    part = percent(swap.taken / swap.quota, False) if swap.quota else ""
    goes = say["swap.goes_one" if len(swap.takers) == 1 else "swap.goes"]
    text = goes.format(amount=amount.strip(), part=part, count=len(swap.takers))
    chance = "" if isnan(swap.chance) else _chance(swap.chance, swap.chance_after)
    yield Text(text + (say["swap.chance"].format(chance=chance) if chance else ""))
    yield Text()
    digits = 0 if (swap.takers["takes"] % 1 == 0).all() else None
    body = [
        (names.get(row.rep_id, row.rep_id), row.region, money(row.quota), f"+{money(row.takes, digits)}",
         percent(row.ratio), money(row.comes_to), "" if isnan(row.chance) else _chance(row.chance, row.chance_after))
        for row in each(swap.takers)
    ]  # fmt: skip
    heads = [say[f"swap.{key}"] if key else "" for key in ("who", "region", "quota", "takes", "", "total", "odds")]
    yield grid(heads, body, right=range(2, 7))
    yield Text()
    lines = [("·", "dim", say["swap.fair"])]
    if swap.wanted - swap.taken > 1e-9 * swap.quota:
        lines.append(("·", "dim", say["swap.rest"].format(wanted=money(swap.wanted))))
    lines.append(("·", "dim", say["swap.do"]))
    yield labelled(lines)


def _chance(now: float, then: float) -> str:
    return f"{percent(now, False)} → {percent(then, False)}"


def swap_content(swap: Swap) -> dict[str, object]:
    """What JSON says beside the takers."""
    facts = {"rep_id": swap.rep, "quota": swap.quota, "wanted": swap.wanted, "taken": swap.taken}
    chances = {"chance": swap.chance, "chance_after": swap.chance_after}
    return {"rep": facts | {key: None if isnan(value) else round(value, 6) for key, value in chances.items()}}
