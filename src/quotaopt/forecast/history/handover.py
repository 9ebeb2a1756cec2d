"""Sales that follow their territory: what each rep would have sold, holding in the past what the plan gives now.

Three steps, each a sparse matrix per month:

1. A rep's sales of a month are divided between the *patches* the rep held in it: territories, by days × share ×
   size, or a patch of the rep's own where no assignment names one (`patches`).
2. A patch's sales are divided by who was there to make them: full-time, fully ramped reps.
3. A row of the panel is the sum of the patches its rep holds in the plan, by the mean share over the plan's months.
   What nobody in the roster holds becomes a row of its own.

Every sale is in exactly one patch and every patch wholly in some rows, so totals do not change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import scipy.sparse as sp

from quotaopt.errors import Finding
from quotaopt.forecast.history.booked import LEAST_PRESENCE, Booked
from quotaopt.forecast.history.holdings import Holdings, find_holdings
from quotaopt.forecast.history.patches import Patches, find_patches
from quotaopt.forecast.history.rows import Rows, find_last_year
from quotaopt.forecast.notes import list_names
from quotaopt.forecast.panel import Bools, Floats, Ints, Texts, warn
from quotaopt.forecast.sums import sum_groups

TINY = 1e-9


def follow_territories(
    booked: Booked, assignments: pd.DataFrame, history: pd.DataFrame, plan: list[int]
) -> tuple[Rows, list[Finding]]:
    """Past sales by who holds their territory in the plan, and what a planner should know."""
    holdings = find_holdings(booked, assignments, plan)
    patches = find_patches(booked, holdings, history, plan[0])
    keepers = _find_keepers(booked, holdings, patches)
    rows = _join(booked, holdings, patches, keepers, plan)
    rows = replace(rows, region=_name_regions(rows, assignments))
    return rows, [*_note(booked, holdings, patches, keepers), *_note_regions(rows)]


def _name_regions(rows: Rows, assignments: pd.DataFrame) -> Texts:
    """Regions of the rows; of a vacant territory the one its newest assignment names, if any does."""
    if "region" not in assignments:
        return rows.region
    named = assignments[assignments["region"] != ""].sort_values("start_date", na_position="first", kind="stable")
    known = named.groupby("territory_id")["region"].last()
    told = pd.Series(rows.names, dtype=object).where(rows.vacant).map(known)
    return np.asarray(told.where(told.notna(), rows.region).to_numpy(object))


def _note_regions(rows: Rows) -> Iterator[Finding]:
    """Vacant territories of which nothing says where they are: their forecast belongs to no region."""
    if lost := [name for name, there in zip(rows.names, rows.vacant & (rows.region == ""), strict=True) if there]:
        what = f"in no region, because nobody of the roster has held them: {list_names(lost)}"
        yield warn(what, "Name the region in a column region of the assignments.", code="no_region")


@dataclass(frozen=True, eq=False)
class _Keepers:
    """Which row of the panel answers for which patch in the plan.

    Attributes
    ----------
    row, patch : codes, shape (entries,).
    share : share of the patch × share of the days, shape (entries, plan months).
    names : one per row: the reps of the roster, then the patches of which something is vacant.
    vacant : these patches.
    """

    row: Ints
    patch: Ints
    share: Floats
    names: tuple[str, ...]
    vacant: Ints

    def matrix(self, share: Floats, patches: int) -> sp.csr_array:
        """Rows × patches."""
        return sp.csr_array((share, (self.row, self.patch)), shape=(len(self.names), patches))


def _find_keepers(booked: Booked, holdings: Holdings, patches: Patches) -> _Keepers:
    """Reps of the roster keep what they hold, and a patch of their own; the rest of what ever sold is vacant."""
    in_roster, own = holdings.person < booked.roster, holdings.patch >= holdings.territories
    sold = (patches.sales != 0).any(axis=(1, 2))
    ahead = np.where((own & sold[holdings.patch])[:, None], 1.0, holdings.ahead)
    kept = in_roster & (ahead > 0).any(axis=1)
    gap = 1.0 - sum_groups(ahead[kept], holdings.patch[kept], len(holdings.patches))
    gap = np.where(gap > TINY, gap, 0.0)
    vacant = np.flatnonzero(sold & (gap > 0).any(axis=1))
    return _Keepers(
        row=np.concatenate([holdings.person[kept], booked.roster + np.arange(vacant.size)]),
        patch=np.concatenate([holdings.patch[kept], vacant]),
        share=np.concatenate([ahead[kept], gap[vacant]]),
        names=(*booked.people.index[: booked.roster], *holdings.patches[vacant]),
        vacant=vacant,
    )


def _join(booked: Booked, holdings: Holdings, patches: Patches, keepers: _Keepers, plan: list[int]) -> Rows:
    """Rows of the panel as sums of patches."""
    share, n = keepers.share.mean(axis=1), len(holdings.patches)
    matrix = keepers.matrix(share, n)
    shape = (len(keepers.names), *patches.sales.shape[1:])
    part = _known_part(matrix, patches.size, patches.known)
    values = (matrix @ patches.values.reshape(n, -1)).reshape(shape)
    enough = part >= LEAST_PRESENCE
    values = np.where(enough[:, None, :], values / np.where(enough, part, 1.0)[:, None, :], np.nan)
    at, known, needed = find_last_year(booked, plan)
    last_year = np.zeros((*shape[:2], len(plan)))
    booked_by = _share_last_year(booked, holdings, keepers, at)
    for t in np.flatnonzero(known):
        last_year[:, :, t] = keepers.matrix(booked_by[:, t], n) @ patches.sales[:, :, at[t]]
    there = _known_part(matrix, patches.size, patches.there)[:, at] > 1 - TINY
    person = np.concatenate([np.arange(booked.roster), _last_holders(booked, holdings, keepers.vacant)])
    return Rows(
        names=keepers.names,
        values=values,
        last_year=last_year,
        full_last_year=np.asarray(((there & known) | ~needed).all(axis=1)),
        region=_describe(booked, "region", person),
        role=_describe(booked, "role", person),
        held=_held(keepers, patches.size),
        vacant=np.arange(shape[0]) >= booked.roster,
        flag=_flag(booked, holdings, patches, keepers),
    )


def _share_last_year(booked: Booked, holdings: Holdings, keepers: _Keepers, at: Ints) -> Floats:
    """Share of a patch's booked sales of 12 months before each plan month, shape (entries, plan months).

    Where less than the whole patch was held then, whoever holds as much now has all of what was booked.
    """
    rep = keepers.row < booked.roster
    now = sum_groups(keepers.share[rep], keepers.patch[rep], len(holdings.patches))
    whole = np.maximum(now, holdings.by_patch(holdings.past)[:, at])
    whole = np.where(whole > TINY, whole, 1.0)[keepers.patch]
    return np.where(rep[:, None], keepers.share / whole, 1.0 - now[keepers.patch] / whole)


def _known_part(matrix: sp.csr_array, size: Floats, known: Bools) -> Floats:
    """Share of each row, by size of its patches, of which a month is known; shape (rows, months)."""
    total, missing = matrix @ size, matrix @ (size[:, None] * ~known)
    part = 1.0 - np.divide(missing, total[:, None], out=np.ones_like(missing), where=total[:, None] > 0)
    return np.where(total[:, None] > 0, part, (matrix @ known.astype(np.float64)) > 0)


def _held(keepers: _Keepers, size: Floats) -> Floats:
    """What each row holds in each plan month against the plan's mean, by size of the patches; shape (rows, months)."""
    n = len(keepers.names)
    sized, plain = (
        sum_groups(keepers.share * size[keepers.patch, None], keepers.row, n),
        sum_groups(keepers.share, keepers.row, n),
    )
    month = np.where(sized.any(axis=1, keepdims=True), sized, plain)
    mean = month.mean(axis=1, keepdims=True)
    held = np.divide(month, mean, out=np.zeros_like(month), where=mean > 0)
    return np.where(np.abs(held - 1) < TINY, 1.0, held)


def _last_holders(booked: Booked, holdings: Holdings, vacant: Ints) -> Ints:
    """Who held each vacant patch last, -1 where it was nobody whose region is known."""
    held = np.concatenate([holdings.past, holdings.ahead], axis=1) > 0
    last = np.where(held.any(axis=1), held.shape[1] - held[:, ::-1].argmax(axis=1), 0)
    known = (booked.people["region"].astype(str) != "").to_numpy() | (np.arange(len(booked.people)) < booked.roster)
    last = np.where(known[holdings.person], last, 0)
    order = np.lexsort((last, holdings.patch))
    newest = np.full(len(holdings.patches), -1)
    newest[holdings.patch[order]] = np.where(last > 0, holdings.person, -1)[order]
    return newest[vacant]


def _describe(booked: Booked, column: str, person: Ints) -> Texts:
    texts = np.append(booked.people[column].astype(str).to_numpy(object), "")
    return np.asarray(texts[person])


def _flag(booked: Booked, holdings: Holdings, patches: Patches, keepers: _Keepers) -> Texts:
    """Which territories each rep took over, with months in which others held them; one text per row."""
    out = np.full(len(keepers.names), "", dtype=object)
    out[~np.isin(np.arange(len(out)), keepers.row)] = "holds no territory in the plan"
    territory = holdings.patch < holdings.territories
    now = territory & (holdings.person < booked.roster) & (holdings.ahead > 0).any(axis=1)
    _, pair = np.unique(holdings.person * len(holdings.patches) + holdings.patch, return_inverse=True)
    held = sum_groups(holdings.past, pair, int(pair.max(initial=0)) + 1)[pair]
    taken = now & (patches.known[holdings.patch] & (held == 0)).any(axis=1)
    names = pd.Series(holdings.patches[holdings.patch[taken]], dtype=str).groupby(holdings.person[taken])
    for person, found in names:
        out[person] = f"took over {list_names(sorted(set(found)))}"
    return out


def _note(booked: Booked, holdings: Holdings, patches: Patches, keepers: _Keepers) -> Iterator[Finding]:
    """Reps whose assignments leave something open."""
    named = np.zeros(len(booked.people), dtype=bool)
    named[holdings.person[: -len(named)][~holdings.accounts]] = True
    sold = (patches.sales[holdings.territories :] != 0).any(axis=(1, 2))
    if own := list(booked.people.index[named & sold]):
        what = "sold in months in which the assignments name no territory for them, taken as a patch of their own"
        yield warn(f"{what}: {list_names(own)}", "Write who held which territory then too.", code="unassigned")
    idle = named & ~np.isin(np.arange(len(named)), keepers.row) & (np.arange(len(named)) < booked.roster)
    idle &= booked.people["end_date"].isna().to_numpy()
    if idle.any():
        names = list_names(list(booked.people.index[idle]))
        yield warn(f"hold no territory in the plan, so forecast zero: {names}", code="no_territory")
