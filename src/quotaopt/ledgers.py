"""Tables that stand beside the plan: decisions by hand, and what counts in no total."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quotaopt.decisions_record import decision_tables
from quotaopt.overlay import overlay_tables
from quotaopt.units import unit_tables

if TYPE_CHECKING:
    from quotaopt.decisions import Decided
    from quotaopt.record import Tables
    from quotaopt.scenario import Scenario
    from quotaopt.tables import Inputs


def beside_plan(decided: Decided, scenario: Scenario, inputs: Inputs) -> Tables:
    """Each table that the scenario asks for or the data gives rise to, by file name."""
    decisions = decision_tables(decided, scenario, inputs)
    return decisions | overlay_tables(decided.plan, inputs) | unit_tables(decided.plan, inputs, scenario.settings)
