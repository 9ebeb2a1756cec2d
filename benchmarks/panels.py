"""Panels of past sales to measure on: the data sets beside the repository, and generated ones.

``load`` and ``generate`` give a `Case`: a panel, and at which origins, how far ahead and from how much history it is
forecast. Data sets are looked for in ``../shared/data`` relative to the repository.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from quotaopt.forecast.panel import YEAR, Floats, Panel, Texts, month_number

FIRST_SEED = 2026
DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


@dataclass(frozen=True, eq=False)
class Case:
    """One panel and how it is tested.

    Attributes
    ----------
    name : as on the command line.
    panel : all months; the last `horizon` before the newest origin's end are never shown to a method.
    origins : months known at each origin, newest first.
    horizon : months forecast.
    window : months of history shown, 0 for all.
    middle : a level between region and rep, one text per rep; empty when there is none.
    ended : last month number each product was on sale, where the data set says so.
    """

    name: str
    panel: Panel
    origins: tuple[int, ...]
    horizon: int = YEAR
    window: int = 0
    middle: Texts = field(default_factory=lambda: np.array([], dtype=object))
    ended: Mapping[str, int] = field(default_factory=dict)

    def split(self, origin: int) -> tuple[Panel, Floats, Texts]:
        """What is known of the mature reps at an origin, what came (0 where nothing did), and their middle level.

        A product nobody had sold by then is left out: no history says anything of it. So is one that was taken off
        sale by then: a planner would have written its end month into the table of products.
        """
        known = self.panel.until(origin)
        if self.window and origin > self.window:
            cut = origin - self.window
            known = replace(known, first=known.first + cut, values=known.values[:, :, cut:])
        there, sold = known.mature, (np.nan_to_num(known.values) != 0).any(axis=(0, 2))
        start = self.panel.first + origin
        sold &= np.array([self.ended.get(product, start) >= start for product in known.products])
        actual = np.nan_to_num(self.panel.values[there][:, sold, origin : origin + self.horizon])
        names = tuple(name for name, keep in zip(known.products, sold, strict=True) if keep)
        known = replace(known.of(there), products=names, values=known.values[there][:, sold])
        return known, actual, self.middle[there] if self.middle.size else self.middle


def choose_origins(length: int, least: int, horizon: int, most: int) -> tuple[int, ...]:
    """Origins a horizon apart, newest first, each with at least `least` months known."""
    return tuple(range(length - horizon, least - 1, -horizon))[:most]


# --- data sets ----------------------------------------------------------------------------------------------------


def make_panel(history: pd.DataFrame, roster: pd.DataFrame) -> Panel:
    """Dense panel of rows date, rep, product, amount; missing before a rep's and before a product's first sale."""
    number = history["date"].astype(str).str[:7].map(month_number).to_numpy()
    reps, products = sorted(history["rep"].unique()), sorted(history["product"].unique())
    first, length = int(number.min()), int(number.max() - number.min()) + 1
    values = np.zeros((len(reps), len(products), length))
    at = (pd.Index(reps).get_indexer(history["rep"]), pd.Index(products).get_indexer(history["product"]))
    np.add.at(values, (*at, number - first), history["amount"].to_numpy(np.float64))
    before_rep = np.maximum.accumulate((values != 0).any(axis=1), axis=1)
    before_product = np.maximum.accumulate((values != 0).any(axis=0), axis=1)
    values[~(before_rep[:, None, :] & before_product[None, :, :])] = np.nan
    roster = roster.set_index("rep").reindex(reps).fillna("")
    role = roster["role"] if "role" in roster else pd.Series("", index=roster.index)
    region, role = (column.astype(str).to_numpy(object) for column in (roster["region"], role))
    return Panel(tuple(reps), tuple(products), first, values, region, role)


def read_tidy(folder: Path, name: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """History, roster and products of one data set."""
    tidy = folder / name / "tidy"
    history, roster, products = (
        pd.read_csv(tidy / f"{table}.csv", keep_default_na=False) for table in ("history", "reps", "products")
    )
    history["amount"] = history["amount"].astype(float)
    return history, roster, products


def _tourism(name: str, window: int, most: int) -> Callable[[Path, int], Case]:
    def load(folder: Path, origins: int) -> Case:
        history, roster, _ = read_tidy(folder, "tourism")
        panel = make_panel(history, roster)
        # A region without any trip in its first months was there all the same.
        panel = Panel(panel.reps, panel.products, panel.first, np.nan_to_num(panel.values), panel.region, panel.role)
        zone = roster.set_index("rep")["manager"].reindex(panel.reps).to_numpy(object)
        least = window or 10 * YEAR
        return Case(name, panel, choose_origins(panel.length, least, YEAR, min(origins, most)), YEAR, window, zone)

    return load


def _adventureworks(name: str, family: bool) -> Callable[[Path, int], Case]:
    def load(folder: Path, origins: int) -> Case:
        history, roster, products = read_tidy(folder, "adventureworks")
        if family:
            history["product"] = history["product"].map(products.set_index("product")["family"])
        panel = make_panel(history, roster)
        ended = {} if family else _ends(folder / "adventureworks")
        return Case(name, panel, choose_origins(panel.length, 2 * YEAR, YEAR, origins), ended=ended)

    return load


def _ends(folder: Path) -> dict[str, int]:
    """Last month on sale of each subcategory of which nothing is on sale any more."""
    products, kinds = (pd.read_csv(folder / f"oltp_{name}.csv") for name in ("Product", "ProductSubcategory"))
    name = products["ProductSubcategoryID"].map(kinds.set_index("ProductSubcategoryID")["Name"])
    last = products["SellEndDate"].fillna("9999-12").groupby(name).max()
    return {str(kind): month_number(str(month)) for kind, month in last.items()}


def _crm(folder: Path, origins: int) -> Case:
    history, roster, _ = read_tidy(folder, "crm_opportunities")
    panel = make_panel(history, roster)
    return Case("crm", panel, choose_origins(panel.length, 6, 4, min(origins, 1)), 4)


DATA_SETS: dict[str, Callable[[Path, int], Case]] = {
    "tourism60": _tourism("tourism60", 60, 8),
    "tourism36": _tourism("tourism36", 36, 8),
    "tourism": _tourism("tourism", 0, 4),
    "adventureworks": _adventureworks("adventureworks", family=True),
    "adventureworks33": _adventureworks("adventureworks33", family=False),
    "crm": _crm,
}


# --- generated ----------------------------------------------------------------------------------------------------


def generate(name: str, reps: int = 24, products: int = 4, length: int = 84, seed: int = FIRST_SEED) -> Panel:
    """A seeded panel of one kind: `alike`, `unequal`, `sparse`, `trending` or `returns`.

    Sales are size × mix × season × growth × noise, with a season of the company, of each product and a little of each
    rep, and a common random walk. `unequal`: sizes over two orders of magnitude. `sparse`: three months in five
    without a sale. `trending`: every rep grows or shrinks at a rate of its own. `returns`: one month in a hundred
    is negative and one ten times as large.
    """
    rng = np.random.default_rng([seed, GENERATED.index(name)])
    month = np.arange(length)
    size = np.exp(rng.uniform(0, np.log(100), reps)) if name == "unequal" else rng.lognormal(0, 0.1, reps)
    mix = rng.dirichlet(np.full(products, 6.0), reps)
    season = 1.0 + _season(rng, 0.2, 1) + _season(rng, 0.12, products) + _season(rng, 0.05, reps)[:, None]
    season = np.maximum(season, 0.1)[:, :, month % YEAR]
    walk = np.exp(np.cumsum(rng.normal(0.002, 0.015, length)))
    own = np.exp(np.cumsum(rng.normal(0.0, 0.02, (reps, 1, length)), axis=2))
    growth = rng.normal(0.0, 0.25 if name == "trending" else 0.03, (reps, 1, 1)) / YEAR
    values = size[:, None, None] * mix[:, :, None] * season * walk * own * np.exp(growth * month)
    values = values * rng.lognormal(-0.02, 0.2, values.shape)
    if name == "sparse":
        values = values * (rng.random(values.shape) < 0.4) * 2.5 * rng.lognormal(-0.125, 0.5, values.shape)
    if name == "returns":
        values = values * np.where(rng.random(values.shape) < 0.01, 10.0, 1.0)
        values = values * np.where(rng.random(values.shape) < 0.01, -0.5, 1.0)
    ids = tuple(f"R{r:05}" for r in range(reps))
    region = np.array([f"region {r % max(4, reps // 50):03}" for r in range(reps)], dtype=object)
    role = np.full(reps, "", dtype=object)
    return Panel(ids, tuple(f"P{p:02}" for p in range(products)), 2021 * YEAR, 1e4 * values, region, role)


def _season(rng: np.random.Generator, strength: float, n: int) -> Floats:
    effect = rng.normal(0.0, strength, (n, YEAR))
    return np.asarray(effect - effect.mean(axis=1, keepdims=True))


GENERATED = ("alike", "unequal", "sparse", "trending", "returns")
NAMES = (*DATA_SETS, *GENERATED)


def load_cases(names: tuple[str, ...], folder: Path, origins: int, seeds: int = 1) -> Iterator[Case | str]:
    """Each case wanted, or a sentence why it is left out.

    A generated panel is one draw of chance: there are `seeds` cases of each, to be added up by their name.
    """
    for name in names:
        if name in GENERATED:
            for seed in range(FIRST_SEED, FIRST_SEED + seeds):
                panel = generate(name, seed=seed)
                yield Case(name, panel, choose_origins(panel.length, 3 * YEAR, YEAR, origins), YEAR, 4 * YEAR)
            continue
        try:
            yield DATA_SETS[name](folder, origins)
        except FileNotFoundError as error:
            yield f"{name} is left out: there is no {Path(error.filename).name} of it in the data folder."
