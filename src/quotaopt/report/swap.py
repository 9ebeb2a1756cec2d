"""What `quotaopt explain RUN --rep R --swap PART` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isnan

from rich.console import RenderableType
from rich.text import Text

from quotaopt.report.render import each, grid, labelled, money, percent
from quotaopt.text import counted
from quotaopt.why.swap import Swap

FAIR = "Every rule holds, nobody else moves, and nobody who takes more is left with a lower chance than this rep now."


def swap_report(swap: Swap, names: Mapping[str, str], currency: str) -> Iterator[RenderableType]:
    """How much could go, and to whom."""
    amount = f"{money(swap.taken, 0 if swap.taken % 1 == 0 else None)} of {money(swap.quota)} {currency}".strip()
    name = names.get(swap.rep, swap.rep)
    yield Text.assemble((name, "bold"), f"  {swap.rep}")
    part = percent(swap.taken / swap.quota, False) if swap.quota else ""
    if not len(swap.takers):
        yield Text("Nobody could take any of it: everybody else has a lower chance already, or a rule forbids it.")
        return
    moved = "" if isnan(swap.chance) else f"; the chance to make it: {_chance(swap.chance, swap.chance_after)}"
    yield Text(f"{amount} ({part}) could go to {counted(len(swap.takers), 'other')}{moved}")
    yield Text()
    digits = 0 if (swap.takers["takes"] % 1 == 0).all() else None
    body = [
        (names.get(row.rep_id, row.rep_id), row.region, money(row.quota), f"+{money(row.takes, digits)}",
         percent(row.ratio), money(row.comes_to), "" if isnan(row.chance) else _chance(row.chance, row.chance_after))
        for row in each(swap.takers)
    ]  # fmt: skip
    yield grid(["who", "region", "quota", "takes", "", "comes to", "chance"], body, right=range(2, 7))
    yield Text()
    lines = [("·", "dim", FAIR)]
    if swap.wanted - swap.taken > 1e-9 * swap.quota:
        lines.append(("·", "dim", f"More of the {money(swap.wanted)} that were asked about cannot go that way."))
    lines.append(("·", "dim", "To do it, write these quotas into data.overrides and run again."))
    yield labelled(lines)


def _chance(now: float, then: float) -> str:
    return f"{percent(now, False)} → {percent(then, False)}"


def swap_content(swap: Swap) -> dict[str, object]:
    """What JSON says beside the takers."""
    facts = {"rep_id": swap.rep, "quota": swap.quota, "wanted": swap.wanted, "taken": swap.taken}
    chances = {"chance": swap.chance, "chance_after": swap.chance_after}
    return {"rep": facts | {key: None if isnan(value) else round(value, 6) for key, value in chances.items()}}
