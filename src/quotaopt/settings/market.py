"""The keys of a scenario about markets: potential, and prices."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from quotaopt.settings.data import Section
from quotaopt.values import Share

Prices = dict[str, Annotated[float, Field(gt=0)]]


class Potential(Section):
    """How much history counts against the potential of a rep's market, 1 being history alone.

    The weight is high where customers buy again, low where they have to be found; `by_product` where it differs.
    """

    history_weight: Share = 0.7
    by_product: dict[str, Share] = {}

    def weight_of(self, product: str) -> float:
        """Weight of history for a product."""
        return self.by_product.get(product, self.history_weight)
