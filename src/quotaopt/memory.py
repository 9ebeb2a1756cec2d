"""What several scenarios share when they read the same data the same way: the checked tables and the forecast."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from quotaopt.forecast import Forecast, make_forecast
from quotaopt.scenario import Scenario
from quotaopt.tables import Inputs, read_inputs

UNREAD = frozenset({
    "about", "goals", "model", "output", "overassignment", "rounding", "rules", "solver", "target",
    "version",
})  # fmt: skip
"""Settings that neither the tables nor the forecast look at. A test holds this; what is not listed here is safe."""


def same_forecast(scenario: Scenario) -> str:
    """The same text for scenarios whose tables and forecast are the same."""
    kept = scenario.settings.model_dump(mode="json", exclude=set(UNREAD))
    return json.dumps([str(scenario.root), kept], sort_keys=True, default=str)


@dataclass
class Memory:
    """Tables and forecasts of scenarios that were all checked, kept as long as one to come needs them.

    Attributes
    ----------
    uses : for each `same_forecast`, how many runs still need it; nothing is kept for the last one.
    """

    uses: Mapping[str, int]
    tables: dict[str, Inputs] = field(default_factory=dict)
    forecasts: dict[str, Forecast] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)

    def read(self, scenario: Scenario) -> Inputs:
        """The input tables, see `read_inputs`."""
        key = same_forecast(scenario)
        if key not in self.tables:
            self.tables[key] = read_inputs(scenario)
        return self.tables[key]

    def forecast(self, scenario: Scenario, inputs: Inputs) -> Forecast:
        """The forecast, see `make_forecast`; counts as one use, and the last one forgets."""
        key = same_forecast(scenario)
        if key not in self.forecasts:
            self.forecasts[key] = make_forecast(inputs, scenario.settings)
        found = self.forecasts[key]
        self.used[key] = self.used.get(key, 0) + 1
        if self.used[key] >= self.uses.get(key, 0):
            del self.forecasts[key], self.tables[key]
        return found
