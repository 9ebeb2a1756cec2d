"""One regression for all series: what reps and products have in common is learnt once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from quotaopt.forecast.methods import forecasters, recent_level
from quotaopt.forecast.panel import YEAR, Floats, Ints, Panel

if TYPE_CHECKING:
    import scipy.sparse as sp

# Prior standard deviations of the effects, relative to a series' level; 1 is that of a month of an average series
# around its mean. Season differs between reps as much as between products; lasting growth hardly does.
MONTH, PRODUCT_MONTH, REGION_MONTH, REP_MONTH, CELL_MONTH = 1.0, 0.5, 0.3, 0.4, 0.4
LEVEL, TREND, OWN_TREND = 0.03, 0.1, 0.03
# The trend fades: each month ahead adds this share of the step before it (Gardner & McKenzie 1985).
DAMPING = 0.9
# A month counts half as much as one that is this many months younger.
HALF_LIFE = 18


@forecasters
def regression(panel: Panel, horizon: int) -> Floats:
    """Ridge regression over all series: month effects, damped trend, effects of rep, product and region, all shrunk.

    Each series is divided by its own level, so that effects are relative and the unit does not matter, and weighs by
    that level; the penalty of an effect is its prior variance against the noise. A series without sales in the last
    year is forecast zero.
    """
    from sklearn.linear_model import Ridge
    from threadpoolctl import threadpool_limits

    scale = np.abs(recent_level(panel))
    relative = panel.values / np.where(scale > 0, scale, np.nan)[:, :, None] - 1.0
    reps, products, months = np.nonzero(~np.isnan(relative))
    if not reps.size:
        return np.zeros((*scale.shape, horizon))
    weight = scale[reps, products] * 0.5 ** ((panel.length - 1 - months) / HALF_LIFE)
    age = (months - (panel.length - 1)) / YEAR
    design = _design(panel, reps, products, panel.slots[months], age)
    model = Ridge(alpha=1.0, fit_intercept=False, solver="sparse_cg", tol=1e-7)
    # One thread: the same digits on any number of cores, and no cores waiting for each other on a busy machine.
    with threadpool_limits(limits=1, user_api="blas"):
        model.fit(design, relative[reps, products, months], sample_weight=weight / weight.mean())
    r, p, h = (x.ravel() for x in np.indices((*scale.shape, horizon)))
    ahead = np.cumsum(DAMPING ** np.arange(1, horizon + 1))[h] / YEAR
    level = np.sign(recent_level(panel)) * scale
    effect = model.predict(_design(panel, r, p, panel.slots_ahead(horizon)[h], ahead))
    out = level[:, :, None] * (1.0 + effect.reshape(*scale.shape, horizon))
    returns = np.any(panel.values < 0, axis=2)
    return np.asarray(np.where(returns[:, :, None], out, np.maximum(out, 0.0)))


def _design(panel: Panel, reps: Ints, products: Ints, slots: Ints, age: Floats) -> sp.csr_array:
    """One row per observation; each column is scaled by the prior standard deviation of its effect."""
    import scipy.sparse as sp

    _, region = np.unique(panel.region.astype(str), return_inverse=True)
    place = region[reps]
    n_reps, n_products, n_places = len(panel.reps), len(panel.products), int(region.max(initial=0)) + 1
    one = np.ones_like(age)
    blocks = [
        (slots, YEAR, MONTH * one),
        (products * YEAR + slots, n_products * YEAR, PRODUCT_MONTH * one),
        (place * YEAR + slots, n_places * YEAR, REGION_MONTH * one),
        (reps * YEAR + slots, n_reps * YEAR, REP_MONTH * one),
        ((reps * n_products + products) * YEAR + slots, n_reps * n_products * YEAR, CELL_MONTH * one),
        (reps, n_reps, LEVEL * one),
        (products, n_products, LEVEL * one),
        (np.zeros_like(reps), 1, TREND * age),
        (reps, n_reps, OWN_TREND * age),
        (products, n_products, OWN_TREND * age),
    ]
    starts = np.cumsum([0, *(width for _, width, _ in blocks)])
    columns = np.stack([code + start for (code, _, _), start in zip(blocks, starts, strict=False)], axis=1)
    values = np.stack([value for _, _, value in blocks], axis=1)
    rows = np.arange(0, columns.size + 1, len(blocks))
    return sp.csr_array((values.ravel(), columns.ravel(), rows), shape=(len(reps), int(starts[-1])))
