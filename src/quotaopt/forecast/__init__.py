"""What reps can sell: forecasters, back-test, new hires, intervals."""

from quotaopt.forecast import adapters as _adapters  # noqa: F401  (registers itself)
from quotaopt.forecast.backtest import Backtest, measure_accuracy, run_backtest
from quotaopt.forecast.combine import Choice, choose
from quotaopt.forecast.draws import Draws, make_draws
from quotaopt.forecast.forecast import Forecast, cell_columns, forecast_table, make_forecast
from quotaopt.forecast.hindcast import backtest_distribution
from quotaopt.forecast.methods import Forecaster, forecasters
from quotaopt.forecast.outlook import Outlook
from quotaopt.forecast.panel import Panel
from quotaopt.forecast.past import make_past
from quotaopt.forecast.pooled import make_outlook
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
