"""What a market would bear, beside what was sold there: potentials, prices and supply as inputs of capacity.

The part of a product's sales that a rep is expected to make is the weighted mean of two shares,
``λ × share of history + (1 − λ) × share of the market's potential``. What the company sells of the product stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.errors import Finding
from quotaopt.workdays import Workdays, share_of_workdays

if TYPE_CHECKING:
    from quotaopt.forecast import Forecast
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Potentials:
    """What each rep's market would bear, money; nan where nobody said.

    Attributes
    ----------
    whole : of all products, shape (reps,).
    parts : of one product, shape (reps, products).
    """

    whole: Floats
    parts: Floats

    @property
    def cells(self) -> Floats:
        """Of each product, where only the whole is known the whole: shares do not change; shape (reps, products)."""
        return np.where(np.isnan(self.parts), self.whole[:, None], self.parts)


def find_potentials(
    inputs: Inputs, reps: Sequence[str], products: Sequence[str], months: Sequence[str]
) -> Potentials | None:
    """Potentials of the roster's column and of the table, which wins; None when there are none.

    The potential of a territory goes to who holds it in the plan, by the mean share over its months.
    """
    table, known = inputs.more.get("potential"), inputs.more.get("roster_market")
    whole, parts = np.full(len(reps), np.nan), np.full((len(reps), len(products)), np.nan)
    if known is not None and len(known):
        given = known.set_index("rep_id")["potential"].reindex(list(reps))
        whole = given.astype(np.float64).to_numpy(copy=True)
    if table is not None and len(table):
        rows = _by_rep(table, inputs.assignments, months).groupby(["rep_id", "product_id"])["potential"].sum()
        at = pd.Index(reps).get_indexer(rows.index.get_level_values(0))
        which = pd.Index(products).get_indexer(rows.index.get_level_values(1))
        amount = rows.to_numpy(np.float64)
        whole[at[(at >= 0) & (which < 0)]] = amount[(at >= 0) & (which < 0)]
        both = (at >= 0) & (which >= 0)
        parts[at[both], which[both]] = amount[both]
    found = Potentials(whole, parts)
    return None if np.isnan(found.cells).all() else found


def _by_rep(table: pd.DataFrame, assignments: pd.DataFrame | None, months: Sequence[str]) -> pd.DataFrame:
    """Rows of the table, those about territories given to their holders: rep_id, product_id, potential."""
    rows = table.assign(potential=table["potential"].astype(np.float64))
    own = rows[rows["territory_id"] == ""][["rep_id", "product_id", "potential"]]
    if assignments is None:
        return own
    days = share_of_workdays(assignments["start_date"], assignments["end_date"], list(months), Workdays()).mean(axis=1)
    held = assignments[["rep_id", "territory_id"]].assign(part=days * assignments["share"].to_numpy(np.float64))
    there = rows[rows["territory_id"] != ""].drop(columns="rep_id").merge(held[held["part"] > 0], on="territory_id")
    there["potential"] *= there["part"]
    return pd.concat([own, there[["rep_id", "product_id", "potential"]]], ignore_index=True)


@dataclass(frozen=True, eq=False)
class Market:
    """What is expected once potentials and prices are in.

    Attributes
    ----------
    cells : money, shape (reps, products, months).
    tilt : a rep's sum / what it was without them, shape (reps,); 1 where there was nothing.
    table : the shares behind it, as in ``potential.csv``; no rows without potentials.
    notes : what changed.
    """

    cells: Floats
    tilt: Floats
    table: pd.DataFrame
    notes: tuple[Finding, ...] = ()


def weigh_market(expected: Floats, presence: Floats, forecast: Forecast, inputs: Inputs, settings: Settings) -> Market:
    """Blend expected sales with potentials product by product, then change prices at constant units.

    Parameters
    ----------
    expected : mean sales of those present, money, shape (reps, products, months).
    presence : headcount × ramp, shape (reps, months).
    """
    cells, table = expected, pd.DataFrame()
    found = find_potentials(inputs, forecast.reps, forecast.products, forecast.months)
    if found is not None:
        weight = np.array([settings.potential.weight_of(p) for p in forecast.products])
        cells = blend(expected, presence, found.cells, weight)
        table = _table(expected, cells, presence, found, weight, forecast)
    price = np.array([settings.price.get(p, 1.0) for p in forecast.products])
    dearer = cells * price[:, None]
    notes = tuple(_note_prices(dearer - cells, price, forecast.products))
    old, new = expected.sum(axis=(1, 2)), dearer.sum(axis=(1, 2))
    tilt = np.divide(new, old, out=np.ones_like(new), where=old > 0)
    return Market(dearer, tilt, table, notes)


def blend(expected: Floats, presence: Floats, potential: Floats, weight: Floats) -> Floats:
    """Expected sales with each rep's share of a product between that of history and that of potential.

    Potential counts in proportion to the rep's mean presence. Reps without a potential keep what they have, and sums
    of products stay. A rep without sales of a product has the months of the others.

    Parameters
    ----------
    expected : money, shape (reps, products, months).
    presence : shape (reps, months).
    potential : any unit, nan where not known, shape (reps, products).
    weight : of history, shape (products,); with 1 nothing changes.
    """
    history, known = expected.sum(axis=2), ~np.isnan(potential)
    share = market_shares(presence, potential)
    total = np.where(known, history, 0.0).sum(axis=0)
    moved = known & (share.sum(axis=0) > 0)
    wanted = np.where(moved, weight * history + (1.0 - weight) * total * share, history)
    scale = np.divide(wanted, history, out=np.ones_like(wanted), where=history > 0)
    fresh = np.where(history > 0, 0.0, wanted)
    pattern = expected.sum(axis=0) * presence[:, None, :]
    pattern = np.where(pattern.any(axis=2, keepdims=True), pattern, presence[:, None, :])
    sums = pattern.sum(axis=2, keepdims=True)
    pattern = np.divide(pattern, sums, out=np.zeros_like(pattern), where=sums > 0)
    return np.asarray(expected * scale[:, :, None] + fresh[:, :, None] * pattern)


def market_shares(presence: Floats, potential: Floats) -> Floats:
    """Each rep's share of a product's potential by mean presence, shape (reps, products); 0 where not known."""
    size: Floats = np.nan_to_num(potential) * presence.mean(axis=1)[:, None]
    total = size.sum(axis=0)
    return np.asarray(np.divide(size, total, out=np.zeros_like(size), where=total > 0))


def _table(
    before: Floats, after: Floats, presence: Floats, found: Potentials, weight: Floats, forecast: Forecast
) -> pd.DataFrame:
    """One row per rep × product with a potential, and one for each rep whose whole potential is known."""
    known = ~np.isnan(found.cells)
    r, p = np.nonzero(known)
    reps, products = (np.array(side, dtype=object) for side in (forecast.reps, forecast.products))
    sales, old, new = (cells.sum(axis=2) for cells in (forecast.last_year, before, after))
    total = np.where(known, old, 0.0).sum(axis=0)
    history = np.divide(old, total, out=np.zeros_like(old), where=total > 0)
    share = market_shares(presence, found.cells)
    blended = np.divide(new, total, out=np.zeros_like(new), where=total > 0)
    cells = {"rep_id": reps[r], "product_id": products[p], "potential": found.parts[r, p], "sales": sales[r, p]}
    cells |= {"history_share": history[r, p], "potential_share": share[r, p], "history_weight": weight[p]}
    cells |= {"share": blended[r, p], "before": old[r, p], "after": new[r, p]}
    w = np.flatnonzero(~np.isnan(found.whole))
    sums = {"rep_id": reps[w], "product_id": "", "potential": found.whole[w], "sales": sales[w].sum(axis=1)}
    sums |= {"before": old[w].sum(axis=1), "after": new[w].sum(axis=1)}
    table = pd.concat([pd.DataFrame(cells), pd.DataFrame(sums)], ignore_index=True)
    table["penetration"] = table["sales"] / table["potential"].where(table["potential"] > 0)
    return table.sort_values(["rep_id", "product_id"], ignore_index=True)


def _note_prices(more: Floats, price: Floats, products: Sequence[str]) -> Iterator[Finding]:
    """What a change of prices adds, as it is an assumption of the plan."""
    for p in np.flatnonzero(price != 1.0).tolist():
        what = f"prices of {products[p]} × {price[p]:g} at the same units: {more[:, p].sum():+,.0f} expected"
        yield Finding(what, severity="warning", code="price")


def supply_caps(inputs: Inputs, products: Sequence[str], months: Sequence[str]) -> Floats | None:
    """Most money of each product that can be delivered in a month, shape (products, months); None where none is given.

    A row of ``data.supply`` about one month goes before one about all of them, and that before the products' column.
    """
    caps, given = np.full((len(products), len(months)), np.inf), False
    for name in ("product_market", "supply"):
        table = inputs.more.get(name)
        table = table[table["supply_cap"].notna()] if table is not None else pd.DataFrame(columns=["product_id"])
        at = pd.Index(products).get_indexer(pd.Index(table["product_id"]))
        month = pd.Index(months).get_indexer(pd.Index(table["month"])) if "month" in table else at * 0 - 1
        whole = table["month"].to_numpy() == "" if "month" in table else np.ones(len(table), dtype=bool)
        cap, known = table.get("supply_cap", pd.Series(dtype=float)).to_numpy(np.float64), at >= 0
        caps[at[known & whole]] = cap[known & whole, None]
        one = known & ~whole & (month >= 0)
        caps[at[one], month[one]] = cap[one]
        given |= bool(len(table))
    return caps if given else None


def share_in_supply(cells: Floats, cap: Floats | None) -> Floats:
    """Part of each product's month that can be delivered, 0..1, shape (products, months); all reps give way alike."""
    wanted = cells.sum(axis=0)
    most = np.full(wanted.shape, np.inf) if cap is None else cap
    return np.asarray(np.divide(most, wanted, out=np.ones_like(wanted), where=wanted > most))
