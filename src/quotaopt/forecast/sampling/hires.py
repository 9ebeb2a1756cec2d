"""Error paths of new hires: they share in what their company, region and products miss, and borrow the rest."""

from __future__ import annotations

import numpy as np

from quotaopt.forecast.panel import Bools, Floats, Ints, Panel
from quotaopt.forecast.peers import Peers
from quotaopt.forecast.sampling.paths import Part, groups_of, lend, pick_donors


def add_hires(panel: Panel, peers: Peers, parts: tuple[Part, ...], scale: Floats, size: Floats) -> tuple[Part, ...]:
    """Parts of all reps from those of the mature ones, which stay as they are.

    Parameters
    ----------
    parts : of the mature reps, from company to cell.
    scale : size of the mature reps' cells, shape (mature reps, products).
    size : size of all reps' cells, shape (reps, products).
    """
    donor = _donors(panel, peers, parts[0].year.shape[1])
    new = ~panel.mature
    *upper, rep, cell = parts
    out = [
        _share_in(panel, part, group, scale, size) for part, (group, _) in zip(upper, groups_of(panel), strict=False)
    ]
    rows = np.repeat(np.arange(len(panel.reps)), scale.shape[1])
    total = size.sum(axis=1, keepdims=True)
    share = _put(panel, rep.share, (size / np.where(total > 0, total, 1.0))[new].ravel())
    out.append(_lent(panel, rep, donor, scale.sum(axis=1, keepdims=True), total[new], rows, share))
    out.append(_lent(panel, cell, donor, scale, size[new], np.arange(rows.size), np.ones(rows.size)))
    return tuple(out)


def _share_in(panel: Panel, part: Part, group: Ints, scale: Floats, size: Floats) -> Part:
    """New cells take their share of the group's path; a group without mature reps has none."""
    old = np.repeat(panel.mature, scale.shape[1])
    known = np.full(int(group.max(initial=0)) + 1, len(part.year))
    known[group[old]] = part.group
    total = np.append(np.bincount(part.group, weights=scale.ravel()), 1.0)
    to = known[group]
    share = _put(panel, part.share, (size.ravel() / np.where(total > 0, total, 1.0)[to])[~old])
    none = np.zeros((1, *part.pattern.shape[1:]))
    return Part(np.concatenate([part.pattern, none]), np.concatenate([part.year, none[:, 0]]), to, share)


def _lent(panel: Panel, part: Part, donor: Ints, scale: Floats, size: Floats, group: Ints, share: Floats) -> Part:
    """Rows of the mature reps, and for new hires those of their donors in their own size."""
    origins, width = part.year.shape[1], scale.shape[1]
    pattern = np.moveaxis(part.pattern.reshape(-1, width, part.pattern.shape[1], origins), 2, 3)
    lent = np.moveaxis(lend(pattern, scale, donor, size), 3, 2).reshape(-1, *part.pattern.shape[1:])
    year = lend(part.year.reshape(-1, width, origins), scale, donor, size).reshape(-1, origins)
    old = np.repeat(panel.mature, width)
    return Part(_merge(old, part.pattern, lent), _merge(old, part.year, year), group, share)


def _put(panel: Panel, old: Floats, new: Floats) -> Floats:
    return _merge(np.repeat(panel.mature, len(panel.products)), old, new)


def _merge(old: Bools, kept: Floats, added: Floats) -> Floats:
    out = np.empty((old.size, *kept.shape[1:]))
    out[old], out[~old] = kept, added
    return out


def _donors(panel: Panel, peers: Peers, origins: int) -> Ints:
    """For each new hire and origin a mature rep among its peers, as a row of the mature reps."""
    new = np.flatnonzero(~panel.mature)
    names, mature = np.array(panel.reps, dtype=object), np.flatnonzero(panel.mature)
    reps = tuple(names[mature])
    out = np.zeros((new.size, origins), dtype=np.int64)
    for group in np.unique(peers.group[new]):
        here = peers.group[new] == group
        lends = peers.members[group, mature] > 0 if group >= 0 else np.ones(mature.size, dtype=bool)
        out[here] = pick_donors(names[new[here]], reps, lends, origins)
    return out
