"""Words used in every table: attributes one may total by, and the columns of the files we write.

Names are constants, never parameters. Amounts are money in the scenario's currency and unit;
ratios are plain ratios, never percents; a period is a month written ``2027-01``.
"""

from __future__ import annotations

from typing import Final, NamedTuple

# Attributes of a rep, of a product and of time: what `total(...)` may be indexed by.
REP: Final = "rep"
REGION: Final = "region"
TEAM: Final = "team"
MANAGER: Final = "manager"
CHANNEL: Final = "channel"
SEGMENT: Final = "segment"
ROLE: Final = "role"
PEER_GROUP: Final = "peer_group"
PRODUCT: Final = "product"
FAMILY: Final = "family"
MONTH: Final = "month"
QUARTER: Final = "quarter"
HALF: Final = "half"

REP_ATTRIBUTES: Final = (REP, REGION, TEAM, MANAGER, CHANNEL, SEGMENT, ROLE, PEER_GROUP)
PRODUCT_ATTRIBUTES: Final = (PRODUCT, FAMILY)
TIME_ATTRIBUTES: Final = (MONTH, QUARTER, HALF)


class Column(NamedTuple):
    """One column of a written table: name, Table Schema type, what it holds and what its numbers count."""

    name: str
    type: str
    about: str
    unit: str = ""


# What each written table holds, in order. Declared once: used to write the file, to describe it in
# `datapackage.json` and to document it. `unit` says what a number counts: money, ratio, seconds, months, reps.
QUOTAS: Final = (
    Column("run_id", "string", "the run this quota belongs to"),
    Column("scenario", "string", "name of the scenario"),
    Column("rep_id", "string", "the rep who carries it"),
    Column("rep_name", "string", "the rep's name"),
    Column("region", "string", "the rep's region"),
    Column("product_id", "string", "the product"),
    Column("period", "string", "month, like 2027-01"),
    Column("period_start", "date", "first day of the period"),
    Column("period_end", "date", "last day of the period"),
    Column("quota", "number", "money asked of the rep: the decision", "money"),
    Column("capacity", "number", "potential × headcount × ramp × factor", "money"),
    Column("stretch", "number", "quota / capacity; empty where capacity is 0", "ratio"),
    Column("potential", "number", "what a fully ramped, full-time rep would sell", "money"),
    Column("low", "number", "lower end of the forecast range of `potential`", "money"),
    Column("high", "number", "upper end of the forecast range of `potential`", "money"),
    Column("baseline", "number", "the pattern the quota was spread after; 0 where no quota may stand", "money"),
    Column("last_year", "number", "sales in the same month a year before", "money"),
    Column("change", "number", "quota / last_year - 1; empty where last year is 0", "ratio"),
    Column("locked", "boolean", "whether a lock covers this quota"),
    Column("binding_rule", "string", "the rule that keeps it from going on; empty where none does"),
    Column("currency", "string", "currency of every amount"),
    Column("unit", "number", "how much money an amount of 1 is", "money"),
)
TOTALS: Final = (
    Column("run_id", "string", "the run these totals belong to"),
    Column("scenario", "string", "name of the scenario"),
    Column("level", "string", "all, region, rep, product, period or region_product"),
    Column("key", "string", "which one; region/product for region_product"),
    Column("name", "string", "its name, where it has one"),
    Column("quota", "number", "sum of the quotas", "money"),
    Column("capacity", "number", "sum of the capacities", "money"),
    Column("stretch", "number", "quota / capacity; empty where capacity is 0", "ratio"),
    Column("last_year", "number", "sales in the same months a year before", "money"),
    Column("change", "number", "quota / last_year - 1; empty where last year is 0", "ratio"),
    Column("target", "number", "what this total had to cover; empty where no target was given", "money"),
    Column("gap", "number", "quota - target; empty where no target was given", "money"),
)
FORECAST: Final = (
    Column("rep_id", "string", "the rep"),
    Column("product_id", "string", "the product"),
    Column("period", "string", "month, like 2027-01"),
    Column("potential", "number", "what a fully ramped, full-time rep would sell", "money"),
    Column("low", "number", "lower end of the range that holds the share `forecast.level` of outcomes", "money"),
    Column("high", "number", "upper end of that range", "money"),
    Column("method", "string", "forecaster used"),
    Column("months_used", "integer", "months of own history used", "months"),
    Column("flag", "string", "what to know of it, such as a new hire who borrows from peers"),
)
CAPACITY: Final = (
    Column("rep_id", "string", "the rep"),
    Column("product_id", "string", "the product"),
    Column("period", "string", "month, like 2027-01"),
    Column("potential", "number", "what a fully ramped, full-time rep would sell", "money"),
    Column("headcount", "number", "share of a full-time seat that is there", "ratio"),
    Column("ramp", "number", "share of full productivity reached", "ratio"),
    Column("working_days", "integer", "working days of the month; empty while no calendar is named"),
    Column("factor", "number", "the quantile `forecast.capacity` of the rep's sum / its mean; 1 at the mean", "ratio"),
    Column(
        "limited_by",
        "string",
        "forecast, or workload (not hours enough) or supply (less can be delivered)",
    ),
    Column(
        "capacity", "number", "potential × headcount × ramp × factor, or what there are hours and supply for", "money"
    ),
)
OUTLOOK: Final = (
    Column("level", "string", "all, region or rep"),
    Column("key", "string", "which one"),
    Column("name", "string", "the rep's name"),
    Column("potential", "number", "what fully ramped, full-time reps would sell over the plan", "money"),
    Column("expected", "number", "what those present sell: potential × headcount × ramp", "money"),
    Column("low", "number", "lower end of the range of `expected`, from sample paths of this level itself", "money"),
    Column("high", "number", "upper end of that range", "money"),
    Column("capacity", "number", "what the plan uses: the sum of the reps' capacities", "money"),
    Column("quantile", "number", "the quantile `forecast.capacity` of this level's own sum", "money"),
    Column("after_leaving", "number", "`expected` if people leave as [attrition] says; else empty", "money"),
)
RULES: Final = (
    Column("rule", "string", "name of the rule"),
    Column("scope", "string", "what the row totals"),
    Column("activity", "number", "the total in the plan", "money"),
    Column("sense", "string", "<=, >= or =="),
    Column("limit", "number", "what the total is held to", "money"),
    Column("slack", "number", "room left; negative where violated", "money"),
    Column("binding", "boolean", "whether the limit is reached"),
    Column("hard", "boolean", "whether it had to hold"),
    Column("penalty", "number", "price of one unit of violation; empty when hard"),
    Column("violation", "number", "by how much it is missed", "money"),
    Column(
        "dual_value", "number", "change of the highest level it moves, per 1 more of the limit; empty where not known"
    ),
    Column("source", "string", "file:line of the limit"),
)
GOALS: Final = (
    Column("order", "integer", "1 is the most important"),
    Column("goal", "string", "name of the goal"),
    Column("value", "number", "value reached"),
    Column("best_bound", "number", "no plan can be better than this"),
    Column("gap", "number", "distance between the two"),
    Column("seconds", "number", "time spent on it", "seconds"),
)
FAIRNESS: Final = (
    Column("rep_id", "string", "the rep"),
    Column("peer_group", "string", "those the rep is compared with"),
    Column("quota", "number", "the rep's quota over the plan", "money"),
    Column("capacity", "number", "the rep's capacity over the plan", "money"),
    Column("stretch", "number", "quota / capacity", "ratio"),
    Column("level", "number", "the rep's level in the first goal that levels", "ratio"),
    Column("block", "number", "the level of its peer group", "ratio"),
    Column("chance", "number", "probability that sales reach the quota", "ratio"),
    Column("stopped_by", "string", "the rule that keeps the rep from the group's level; empty where none does"),
    Column("source", "string", "file:line of that rule's limit"),
)
ACCURACY: Final = (
    Column("level", "string", "all, region, product, rep or cell (rep × product)"),
    Column("method", "string", "forecaster"),
    Column("origins", "integer", "back-tests made"),
    Column("wape_month", "number", "absolute error of months / sales", "ratio"),
    Column("wape_sum", "number", "absolute error of the whole horizon / sales", "ratio"),
    Column("bias", "number", "error / sales; positive when too high", "ratio"),
    Column("mase", "number", "absolute error / that of the seasonal naive in the past", "ratio"),
    Column("chosen", "boolean", "whether the run used it"),
)
VACANT: Final = (
    Column("holder", "string", "the territory without a rep, or the rep who is not there"),
    Column("region", "string", "its region"),
    Column("period", "string", "month, like 2027-01"),
    Column("potential", "number", "forecast that nobody is there to sell", "money"),
)
FENCED: Final = (
    Column("rep_id", "string", "the rep"),
    Column("product_id", "string", "the product"),
    Column("month", "string", "month of the past, like 2026-05"),
    Column("amount", "number", "sold, as by a full-time, fully ramped rep", "money"),
    Column("kept", "number", "what the forecast was made from", "money"),
    Column("cut", "number", "amount - kept: taken for a one-off order", "money"),
)
FLOORED: Final = (
    Column("rep_id", "string", "the rep"),
    Column("product_id", "string", "the product"),
    Column("period", "string", "month, like 2027-01"),
    Column("amount", "number", "what was forecast: more returns than sales; 0 is used", "money"),
)
BACKTEST: Final = (
    Column("origin", "string", "first month that was forecast, from the months before it; all for all of them"),
    Column("level", "string", "all, region, product, rep or cell (rep × product)"),
    Column("method", "string", "forecaster"),
    Column("wape_month", "number", "absolute error of months / sales", "ratio"),
    Column("wape_sum", "number", "absolute error of the whole horizon / sales", "ratio"),
    Column("bias", "number", "error / sales; positive when too high", "ratio"),
    Column("mase", "number", "absolute error / that of the seasonal naive in the past", "ratio"),
    Column("crps_month", "number", "continuous ranked probability score of months / sales; lower is better", "ratio"),
    Column("crps_sum", "number", "the same of the whole horizon", "ratio"),
    Column("coverage_month", "number", "share of months inside their range; right is `forecast.level`", "ratio"),
    Column("coverage_sum", "number", "the same of the whole horizon", "ratio"),
    Column("width_month", "number", "mean width of the range of months / sales", "ratio"),
    Column("width_sum", "number", "the same of the whole horizon", "ratio"),
    Column("chosen", "boolean", "whether the run uses this method"),
)
CONFLICTS: Final = (
    Column("rule", "string", "name of the rule"),
    Column("scope", "string", "what the row totals"),
    Column("activity", "number", "the best the total can do", "money"),
    Column("limit", "number", "what it is asked to be", "money"),
    Column("shortfall", "number", "by how much it is missed", "money"),
    Column("needed", "boolean", "whether the limits that clash by themselves need it; empty where not tried"),
    Column("remedy", "string", "what to change"),
    Column("remedy_value", "number", "to which value"),
    Column("enough", "boolean", "whether that alone makes a plan possible"),
    Column("source", "string", "file:line of the limit"),
)
MEASURES: Final = (
    Column("measure", "string", "what is measured"),
    Column("value", "number", "its value"),
    Column("low", "number", "where it is an estimate: it lies above this in 19 cases of 20"),
    Column("high", "number", "and below this"),
    Column("unit", "string", "money, ratio, reps, …"),
    Column("better", "string", "lower or higher; empty where neither"),
    Column("verdict", "string", "ok, look (outside what is healthy), or empty: no such range, or fewer than five reps"),
    Column("about", "string", "in words"),
)
SOLVERS: Final = (
    Column("solver", "string", "name of the solver"),
    Column("version", "string", "its version"),
    Column("status", "string", "optimal, feasible, approximate, infeasible, no_solution, failed or missing"),
    # goal_1 … goal_n stand here
    Column("build_seconds", "number", "time to build the programs", "seconds"),
    Column("solve_seconds", "number", "time to solve them", "seconds"),
    Column("largest_cell_difference", "number", "against the first solver, in one quota", "money"),
    Column("largest_rep_difference", "number", "against the first solver, in one rep's total", "money"),
    Column("detail", "string", "in words: why it gave no plan, or that its plan differs"),
)
WARNINGS: Final = (
    Column("severity", "string", "error or warning"),
    Column("code", "string", "kind of finding"),
    Column("file", "string", "where it was found"),
    Column("row", "integer", "line in that file"),
    Column("column", "string", "column or key"),
    Column("value", "string", "what stood there"),
    Column("message", "string", "what was found"),
    Column("remedy", "string", "what to do"),
)
COMPARISON: Final = (
    Column("by", "string", "rep, region, product, month, account, rule, solver or measure"),
    Column("key", "string", "which one"),
    Column("name", "string", "its name, where it has one"),
    Column("measure", "string", "what differs"),
    Column("a", "number", "in the first run"),
    Column("b", "number", "in the other run"),
    Column("change", "number", "b - a"),
    Column("change_ratio", "number", "b / a - 1; empty where a is 0", "ratio"),
)
