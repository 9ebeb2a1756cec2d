"""What reps can sell: forecasters, back-test, new hires, intervals."""

from quotaopt.forecast import adapters as _adapters  # noqa: F401  (registers itself)
from quotaopt.forecast.backtest import Backtest, measure_accuracy, run_backtest
from quotaopt.forecast.forecast import Forecast, cell_columns, forecast_table, make_forecast
from quotaopt.forecast.history.past import make_past
from quotaopt.forecast.methods import Forecaster, forecasters
from quotaopt.forecast.panel import Panel
from quotaopt.forecast.pool.combine import Choice, choose
from quotaopt.forecast.pool.outlook import Outlook
from quotaopt.forecast.pool.pooled import make_outlook
from quotaopt.forecast.sampling.draws import Draws, make_draws
from quotaopt.forecast.sampling.hindcast import backtest_distribution
from quotaopt.forecast.weighted import weighted_years

__all__ = [
    "Backtest",
    "Choice",
    "Draws",
    "Forecast",
    "Forecaster",
    "Outlook",
    "Panel",
    "backtest_distribution",
    "cell_columns",
    "choose",
    "forecast_table",
    "forecasters",
    "make_draws",
    "make_forecast",
    "make_outlook",
    "make_past",
    "measure_accuracy",
    "run_backtest",
    "weighted_years",
]
