"""Breaks of level that nobody declared: reported, never acted on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from quotaopt.errors import Finding
from quotaopt.forecast.panel import YEAR, Floats, Panel, month_name, warn

WINDOWS = (3, 6, 12)
# A change is reported from this size on: sales lower or higher by a third or more.
LEAST_CHANGE = float(np.log(1.5))
# ... and this many times the usual size of such a change.
STRICT = 4.0
# Sales are never steadier than this says.
LEAST_USUAL = 0.01


def note_breaks(panel: Panel) -> Iterator[Finding]:
    """One note per rep whose sales have left their level for at least three months."""
    found = find_breaks(panel)
    for row in np.flatnonzero(~np.isnan(found[:, 0])):
        change, months = found[row]
        since = month_name(panel.first + panel.length - int(months))
        much = f"{100 * abs(np.expm1(change)):.0f} % {'more' if change > 0 else 'less'}"
        what = f"{panel.reps[row]} has sold {much} since about {since} than a year before, the others' change apart"
        remedy = f'If it will last, declare it: [[forecast.events]] month = "{since}", rep = "{panel.reps[row]}".'
        yield warn(what, remedy, code="break")


def find_breaks(panel: Panel) -> Floats:
    """For each rep the change of level (log) and since how many months; nan where there is none; shape (reps, 2).

    The statistic is the log of sales of the last 3, 6 or 12 months over those of the same months a year before, less
    the median of all reps, so that season and common growth cancel. Its usual size is the median of the same
    statistic at earlier dates, the rep's own and everybody's in equal parts; a break needs `STRICT` times that,
    a change of `LEAST_CHANGE` at least, and every single month on the same side.
    """
    sales = np.where(panel.seen, np.nansum(panel.values, axis=1), np.nan)
    out, best = np.full((len(panel.reps), 2), np.nan), np.full(len(panel.reps), STRICT)
    single = _change(sales, 1)
    for k in WINDOWS:
        change = _change(sales, k)
        if change.shape[1] < k + YEAR // 2:
            break
        now, usual = change[:, -1], _usual_size(change[:, :-k])
        score = np.abs(now) / np.maximum(usual, LEAST_USUAL)
        side = np.where(np.isnan(single), 0.0, np.sign(single)) == np.sign(now)[:, None]
        broken = (score > best) & (np.abs(now) >= LEAST_CHANGE) & side[:, -k:].all(axis=1)
        out[broken] = np.stack([now, _since(single)], axis=1)[broken]
        best = np.where(broken, score, best)
    return out


def _since(single: Floats) -> Floats:
    """For how many months the level has been another: the best fit of one step to monthly changes; shape (reps,)."""
    newest = np.nan_to_num(single[:, : -YEAR - 1 : -1])
    fit = np.abs(np.cumsum(newest, axis=1)) / np.sqrt(np.arange(1, newest.shape[1] + 1))
    return np.asarray(fit[:, WINDOWS[0] - 1 :].argmax(axis=1) + float(WINDOWS[0]))


def _change(sales: Floats, k: int) -> Floats:
    """Log change of k months against the year before, less the median of all reps, at each end; (reps, ends)."""
    if sales.shape[1] < YEAR + k:
        return np.zeros((len(sales), 0))
    both = ~np.isnan(sales[:, YEAR:]) & ~np.isnan(sales[:, :-YEAR])
    after, before = (_rolling(np.where(both, part, 0.0), k) for part in (sales[:, YEAR:], sales[:, :-YEAR]))
    known = (_rolling(both.astype(np.float64), k) == k) & (after > 0) & (before > 0)
    change = np.log(np.where(known, after, 1.0)) - np.log(np.where(known, before, 1.0))
    change = np.where(known, change, np.nan)
    return np.asarray(change - _medians(change.T))


def _rolling(values: Floats, k: int) -> Floats:
    """Sums of k columns, one for each possible end."""
    sums = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    return np.asarray(sums[:, k:] - sums[:, :-k])


def _usual_size(earlier: Floats) -> Floats:
    """Typical absolute change of each rep, half the rep's own and half everybody's, shape (reps,)."""
    own = _medians(np.abs(earlier))
    pooled = float(_medians(own[None])[0])
    enough = (~np.isnan(earlier)).sum(axis=1) >= YEAR // 2
    return np.asarray(1.4826 * np.sqrt((np.where(enough, own, pooled) ** 2 + pooled**2) / 2))


def _medians(rows: Floats) -> Floats:
    """Median of each row without its gaps; nan where there is nothing."""
    ordered, known = np.sort(rows, axis=1), (~np.isnan(rows)).sum(axis=1)
    low, high = np.maximum(known - 1, 0) // 2, known // 2
    at = np.arange(len(rows))
    middle = (ordered[at, low] + ordered[at, np.minimum(high, rows.shape[1] - 1)]) / 2
    return np.where(known > 0, middle, np.nan)
