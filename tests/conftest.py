"""A tiny planning project, made once per test: 4 reps in 2 regions, 2 products, two years of steady sales."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from quotaopt.cli import main
from quotaopt.forecast import Forecast, make_forecast
from quotaopt.memory import UNREAD
from quotaopt.settings import Settings
from quotaopt.tables import Inputs

# How fast an example is drawn says more of the machine than of the code.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

MODEL = """\
goals = ["level_stretch"]

[forecast]
method = "seasonal_naive"

[rules.meet_target]

[rules.stay_within_capacity]
stretch = 1.5
by = ["rep"]

[rules.keep_locks]

[rounding]
to = 1
"""
SCENARIO = """\
version = 1
model = "plain"
about = "{about}"
target = {target}
currency = "EUR"
first_month = "2027-01"
last_month = "2027-12"

[data]
history = "data/history.csv"
roster = "data/roster.csv"
"""
ROSTER = """\
rep_id,rep_name,region,start_date
R1,Ana,North,2020-01-01
R2,Bob,North,2020-01-01
R3,张伟,South,2020-01-01
R4,Dee,South,2020-01-01
"""
SALES = {"R1": 1000, "R2": 2000, "R3": 3000, "R4": 4000}  # a month, in each of two products


def history() -> str:
    """Sales of 2025 and 2026: 120,000 in the first year's months by rep size, the same in the second."""
    rows = ["rep_id,product_id,month,amount"]
    for year in (2025, 2026):
        for month in range(1, 13):
            for rep, amount in SALES.items():
                for product, share in (("cloud", 0.25), ("core", 0.75)):
                    rows.append(f"{rep},{product},{year}-{month:02},{amount * share:g}")
    return "\n".join(rows) + "\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose scenarios are `base` (120,000, as last year), `stretch` (+20 %) and `impossible` (× 10)."""
    root = tmp_path / "plan"
    files = {
        "quotaopt.toml": 'scenario = "base"\n',
        "models/plain.toml": MODEL,
        "scenarios/base.toml": SCENARIO.format(about="As last year", target=120_000),
        "scenarios/stretch.toml": SCENARIO.format(about="A fifth more", target=144_000),
        "scenarios/impossible.toml": SCENARIO.format(about="Ten times", target=1_200_000),
        "scenarios/data/history.csv": history(),
        "scenarios/data/roster.csv": ROSTER,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process: ``call("run", "base")`` gives exit code, stdout, stderr."""
    monkeypatch.delenv("NO_COLOR", raising=False)

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


FORECASTS: dict[str, Forecast] = {}


def remembered_forecast(inputs: Inputs, chosen: Settings) -> Forecast:
    """The forecast, made once for the same files and settings (those it does not look at may differ)."""
    key = f"{sorted(inputs.hashes.items())} {chosen.model_dump_json(exclude=set(UNREAD))}"
    if key not in FORECASTS:
        FORECASTS[key] = make_forecast(inputs, chosen)
    return FORECASTS[key]


@pytest.fixture
def forecast_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that are not about the forecast: what one of them has forecast serves all."""
    for place in ("case", "memory", "run", "forecast"):
        monkeypatch.setattr(f"quotaopt.{place}.make_forecast", remembered_forecast)
