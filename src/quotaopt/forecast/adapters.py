"""Models of statsforecast as forecasters, for those who have it: ``pip install 'quotaopt[statsforecast]'``.

Nothing else needs that package; it is imported when one of these forecasters runs.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from quotaopt.errors import Finding, InputError
from quotaopt.forecast.methods import forecasters, recent_level
from quotaopt.forecast.panel import YEAR, Floats, Panel

MODELS = {
    "auto_ets": "AutoETS",
    "auto_arima": "AutoARIMA",
    "auto_theta": "AutoTheta",
    "auto_ces": "AutoCES",
    "dynamic_optimized_theta": "DynamicOptimizedTheta",
}
PREFIX, EXTRA = "statsforecast_", "pip install 'quotaopt[statsforecast]'"


def forecast_each(panel: Panel, horizon: int, model: Any) -> Floats:
    """Run a statsforecast model on every rep × product by itself, shape (reps, products, horizon).

    Series begin with their first month seen, and a month missing later is the mean of the others. Where the model
    cannot answer, as for series it finds too short, the forecast is the mean of the last year. Series without a
    negative month get no negative forecast.
    """
    level = recent_level(panel)
    out = np.repeat(level[:, :, None], horizon, axis=2)
    for r, p in np.argwhere((np.nan_to_num(panel.values) != 0).any(axis=2)):
        series = panel.values[r, p, np.argmax(~np.isnan(panel.values[r, p])) :]
        series = np.where(np.isnan(series), np.nanmean(series), series)
        scale = np.abs(series).mean()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                mean = np.asarray(model.forecast(y=series / scale, h=horizon)["mean"], dtype=np.float64) * scale
        except Exception:  # noqa: BLE001, S112  each model fails in its own way, most on short series
            continue
        if np.isfinite(mean).all():
            out[r, p] = mean if (series < 0).any() else np.maximum(mean, 0.0)
    return out


def _register(name: str, model: str) -> None:
    def forecaster(panel: Panel, horizon: int) -> Floats:
        return forecast_each(panel, horizon, _find_model(PREFIX + name, model)(season_length=YEAR))

    forecaster.__doc__ = f"{model} of statsforecast on every rep × product by itself; needs {EXTRA}."
    forecasters.add(PREFIX + name, forecaster)


def _find_model(name: str, model: str) -> Callable[..., Any]:
    try:
        return getattr(import_module("statsforecast.models"), model)  # type: ignore[no-any-return]
    except ImportError as error:
        what = f"forecaster {name} needs the package statsforecast, which is not installed"
        raise InputError([Finding(what, f"Run: {EXTRA}.", code="forecaster")]) from error


for _name, _model in MODELS.items():
    _register(_name, _model)
