"""statsforecast as forecasters: a stand-in for the package, its absence, and the package itself where it is there."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from quotaopt.errors import InputError
from quotaopt.forecast import Panel, forecasters
from quotaopt.forecast.adapters import MODELS, PREFIX

NAMES = [PREFIX + name for name in MODELS]


def make_panel(values: Any) -> Panel:
    values = np.asarray(values, dtype=np.float64)
    reps, products = (tuple(f"{letter}{k}" for k in range(n)) for letter, n in zip("RP", values.shape, strict=False))
    place = np.full(len(reps), "North", dtype=object)
    return Panel(reps, products, 2024 * 12, values, place, place)


class Model:
    """Forecasts the last month; finds series of less than a year too short, as the library does."""

    def __init__(self, season_length: int) -> None:
        assert season_length == 12

    def forecast(self, y: Any, h: int) -> dict[str, Any]:
        if len(y) < 12:
            raise NotImplementedError("tiny datasets")
        assert np.isfinite(y).all()
        return {"mean": np.full(h, y[-1])}


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    package, models = ModuleType("statsforecast"), ModuleType("statsforecast.models")
    for name in MODELS.values():
        setattr(models, name, Model)
    monkeypatch.setitem(sys.modules, "statsforecast", package)
    monkeypatch.setitem(sys.modules, "statsforecast.models", models)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("library")
def test_each_series_is_forecast_by_itself(name: str) -> None:
    values = np.arange(1.0, 25.0) * np.array([1.0, 1e-6, -1.0, 0.0])[:, None, None]
    out = forecasters[name](make_panel(values), 3)
    assert out.shape == (4, 1, 3)
    np.testing.assert_allclose(out[:, 0, 0], [24.0, 24e-6, -24.0, 0.0])


@pytest.mark.usefixtures("library")
def test_short_series_take_their_mean_and_missing_months_the_mean_of_the_others() -> None:
    nothing = [np.nan] * 20
    values = [[[*nothing, 1.0, 2.0, 3.0, 4.0]], [[*nothing[:2], *[5.0] * 21, np.nan]]]
    out = forecasters["statsforecast_auto_ets"](make_panel(values), 2)
    np.testing.assert_allclose(out[:, 0], [[2.5, 2.5], [5.0, 5.0]])


@pytest.mark.usefixtures("library")
def test_only_series_with_returns_are_forecast_below_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Model, "forecast", lambda _, y, h: {"mean": np.full(h, -1.0)})
    values = np.ones((2, 1, 24))
    values[1, 0, 5] = -2.0
    out = forecasters["statsforecast_auto_ets"](make_panel(values), 1)
    assert out[0, 0, 0] == 0.0
    assert out[1, 0, 0] < 0.0


@pytest.mark.parametrize("name", NAMES)
def test_without_the_package_the_message_says_how_to_get_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsforecast", None)
    monkeypatch.delitem(sys.modules, "statsforecast.models", raising=False)
    with pytest.raises(InputError, match=r"pip install 'quotaopt\[statsforecast\]'"):
        forecasters[name](make_panel(np.ones((1, 1, 24))), 12)


def test_the_package_itself() -> None:
    pytest.importorskip("statsforecast")
    season = 100 + 20 * np.sin(np.arange(48) / 12 * 2 * np.pi)
    out = forecasters["statsforecast_auto_ets"](make_panel(season[None, None]), 12)
    np.testing.assert_allclose(out[0, 0], season[:12], rtol=0.05)
