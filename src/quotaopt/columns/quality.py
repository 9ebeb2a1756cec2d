"""Columns of the tables about the quality of plans; see `columns`."""

from __future__ import annotations

from typing import Final

from quotaopt.columns import Column

SIMULATION: Final = (
    Column("run", "string", "id of the run; empty: of all together"),
    Column(
        "level",
        "string",
        "all, region or rep; pay, hedge; weighted: over all worlds; effect: what differs from the first run",
    ),
    Column("key", "string", "which one; of an effect the key of the scenario; own: each plan in its own world"),
    Column("name", "string", "the rep's name"),
    Column("measure", "string", "what is measured; of an effect input, rule or behaviour"),
    Column("value", "number", "its value: the mean over the draws, a quantile where the name says so"),
    Column("low", "number", "it lies above this in 19 draws of 20; of a chance: by Wilson's interval"),
    Column("high", "number", "and below this"),
    Column("unit", "string", "money or ratio"),
    Column("change", "number", "value - that of the first run"),
    Column("change_low", "number", "the same range of the change, draw by draw; empty where the draws are others"),
    Column("change_high", "number", "and its upper end"),
    Column("about", "string", "in words"),
)
INVERSIONS: Final = (
    Column("rep_id", "string", "a rep with at least as much potential, sales, tenure and presence as a peer"),
    Column("quota", "number", "and a lower quota", "money"),
    Column("other_id", "string", "the peer"),
    Column("other_quota", "number", "with the higher one", "money"),
    Column("below", "number", "other_quota - quota", "money"),
    Column("why", "string", "what stops the rep or, failing that, the peer from the group's level; or the goal itself"),
)
QUOTA_TEST: Final = (
    Column("origin", "string", "first month that was hidden; all for all of them"),
    Column("last", "string", "last month that was hidden"),
    Column("method", "string", "how the realised total was divided: plan is the scenario's own rules and goals"),
    Column("kind", "string", "plan, simple, real (the quotas there were) or potential"),
    Column("reps", "integer", "how many reps"),
    Column("total", "number", "what was sold, and divided", "money"),
    Column("misallocated", "number", "half the sum of |quota - sales| / total: what sits with the wrong rep", "ratio"),
    Column("median_error", "number", "median of |attainment - 1| over reps", "ratio"),
    Column("near_quota", "number", "share of reps at 80 to 120 % of quota", "ratio"),
    Column("at_quota", "number", "share of reps at quota or above", "ratio"),
    Column("at_quota_low", "number", "lower end of its interval (Wilson, 90 %)", "ratio"),
    Column("at_quota_high", "number", "upper end", "ratio"),
    Column(
        "size_bias", "number", "Spearman correlation of attainment and the sales of the twelve months before", "ratio"
    ),
    Column("skill", "number", "1 - misallocated / that of the best simple method; known in hindsight only", "ratio"),
    Column("skill_median", "number", "1 - median_error / that of last year's sales", "ratio"),
)
