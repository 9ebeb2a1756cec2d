"""Overlay reps: who gets credit for what others sell, so that nothing of theirs is ever counted twice."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.tables.checks import OVERLAY, check_known
from quotaopt.tables.sheet import Sheet
from quotaopt.text import NUMBER, counted

SPLIT = {"", "split", "hold", "holds", "分摊", "分单", "持有"}


def is_overlay(sheet: Sheet) -> NDArray[np.bool_]:
    """Rows of the assignments that give credit for a territory and do not hold it."""
    if not sheet.has("kind"):
        return np.zeros(len(sheet.frame), dtype=bool)
    return sheet.convert("kind", lambda text: text.casefold() in OVERLAY).astype(bool)


def overlay_reps(roster: Sheet) -> set[str]:
    """Reps of the roster that are overlays."""
    if not roster.has("overlay", "rep_id"):
        return set()
    return set(roster.frame["rep_id"][roster.frame["overlay"] == "true"])


def check_overlays(sheets: Mapping[str, Sheet], roster_name: str) -> None:
    """Report overlays that are none, quotas of their own, and what is covered but does not exist.

    Sales written for overlay reps are left out, with their sum: whoever booked them has them already.
    """
    roster, assignments, overlays = (sheets[k] for k in ("roster", "assignments", "overlays"))
    if not roster.has("rep_id"):
        return
    found = overlay_reps(roster)
    others = set(roster.frame["rep_id"]) - found
    remedy = "Write yes in its column overlay."
    check_known(overlays, "rep_id", found, f"the overlay reps of {roster_name}", remedy)
    check_known(overlays, "covers_rep", others, f"{roster_name}, or an overlay rep too", "Add the rep there.")
    if roster.has("region"):
        check_known(overlays, "region", set(roster.frame["region"]), roster_name, "Write a region of the roster.")
    if overlays.has("territory_id") and (overlays.frame["territory_id"] != "").any():
        held = set(assignments.frame["territory_id"]) if assignments.has("territory_id") else set()
        check_known(overlays, "territory_id", held, "the assignments", "Say who holds it in data.assignments.")
    if assignments.has("kind"):
        odd = assignments.rows_where("kind", lambda text: text.casefold() not in OVERLAY | SPLIT)
        assignments.report(odd, "kind", "neither split nor overlay", "Leave it empty for who holds it.", code="kind")
        _report(assignments, is_overlay(assignments), others, "no overlay rep", remedy)
        _report(assignments, ~is_overlay(assignments), found, "an overlay rep holds nothing", "Write kind = overlay.")
    for name in ("locks", "plan", "overrides", "commits"):
        every = np.ones(len(sheets[name].frame), dtype=bool)
        _report(sheets[name], every, found, "an overlay rep has no quota of its own", "Delete the row.")
    _drop_sales(sheets["history"], found)


def _report(sheet: Sheet, rows: NDArray[np.bool_], reps: set[str], what: str, remedy: str) -> None:
    if sheet.has("rep_id"):
        bad = sheet.convert("rep_id", lambda text: text in reps).astype(bool) & rows
        sheet.report(np.flatnonzero(bad), "rep_id", what, remedy, code="overlay")


def _drop_sales(history: Sheet, found: set[str]) -> None:
    if not history.has("rep_id", "amount"):
        return
    theirs = history.convert("rep_id", lambda text: text in found).astype(bool)
    if theirs.any():
        amounts = history.convert(
            "amount", lambda text: Decimal(text) if NUMBER.fullmatch(str(text)) else Decimal(0), theirs
        )
        total = sum(amounts * history.unit[theirs], Decimal(0)).scaleb(-(history.scale or 0))
        rows = counted(int(history.count[theirs].sum()), "row")
        history.warn(f"left out {rows} of overlay reps, {total:,.2f}: whoever booked them has them", code="overlay")
        history.keep(~theirs)


def make_overlays(overlays: pd.DataFrame, assignments: pd.DataFrame) -> pd.DataFrame:
    """All that is covered: the rows of the overlays, and those of the assignments that are overlays."""
    both = pd.concat([overlays, assignments.reindex(columns=overlays.columns)], ignore_index=True)
    texts = ["covers_rep", "region", "territory_id", "product_id"]
    both[texts] = both[texts].fillna("")
    both["share"] = both["share"].fillna(1.0)
    return both
