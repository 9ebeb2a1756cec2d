"""Who is there: leave, delays of seats and leaving people, as properties."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, seed
from hypothesis import strategies as st

from quotaopt.prepare import relieve
from quotaopt.presence import Presence, find_presence
from quotaopt.settings import Settings
from quotaopt.tables import Inputs

MONTHS = tuple(f"2027-{month:02}" for month in range(1, 13))
EMPTY: Any = pd.DataFrame({"rep_id": pd.Series(dtype=str)})


def make_settings(**keys: Any) -> Settings:
    data = {"history": ["h.csv"], "roster": ["r.csv"]}
    return Settings.model_validate(
        {"target": 1, "first_month": MONTHS[0], "last_month": MONTHS[-1], "data": data, **keys}
    )


def make_roster(rows: list[dict[str, Any]]) -> pd.DataFrame:
    plain = {"start_date": None, "end_date": None, "headcount": 1.0, "ramp_profile": "", "role": "", "is_vacant": False}
    frame = pd.DataFrame([{"rep_id": f"R{k}", **plain, **row} for k, row in enumerate(rows)])
    for column in ("start_date", "end_date"):
        frame[column] = pd.to_datetime(frame[column])
    return frame.set_index("rep_id")


def make_leave(rows: list[tuple[str, date, date, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["rep_id", "start_date", "end_date", "relief"]).assign(kind="")
    return frame.astype({"start_date": "datetime64[us]", "end_date": "datetime64[us]", "relief": float})


def find(roster: pd.DataFrame, leave: pd.DataFrame | None = None, **keys: Any) -> Presence:
    more = {} if leave is None else {"leave": leave}
    return find_presence(roster, MONTHS, Inputs(EMPTY, EMPTY, EMPTY, more=more), make_settings(**keys))


day = st.integers(0, 500).map(lambda k: date(2026, 10, 1) + timedelta(days=k))
person = st.fixed_dictionaries(
    {"start_date": st.none() | day, "headcount": st.sampled_from([0.5, 1.0]), "role": st.sampled_from(["", "hunter"])}
)
absence = st.lists(st.tuples(st.integers(0, 3), day, st.integers(0, 120), st.sampled_from([0.5, 1.0])), max_size=4)
calendars = st.sampled_from(["", "CN", "DE"])


def spread_out(rows: list[tuple[int, date, int, float]]) -> list[tuple[str, date, date, float]]:
    """One leave per rep: rows of a rep never overlap."""
    return [(f"R{k}", first, first + timedelta(days=n), relief) for k, (first, n, relief) in
            {row[0]: row[1:] for row in rows}.items()]  # fmt: skip


@given(st.lists(person, min_size=4, max_size=4), absence, calendars, st.randoms(use_true_random=False))
@seed(1)
def test_leave_takes_away_what_it_relieves_and_no_more(
    people: list[dict[str, Any]], rows: list[tuple[int, date, int, float]], calendar: str, mix: Any
) -> None:
    roster, absences = make_roster(people), spread_out(rows)
    there, away = find(roster, calendar=calendar), find(roster, make_leave(absences), calendar=calendar)
    assert away.headcount + away.on_leave == pytest.approx(there.headcount, abs=1e-12)
    assert (away.headcount >= 0).all()
    assert away.ramp.tolist() == there.ramp.tolist()
    order = mix.sample(range(4), 4)
    mixed = find(roster.iloc[order], make_leave(mix.sample(absences, len(absences))), calendar=calendar)
    assert mixed.headcount.tolist() == away.headcount[order].tolist()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5), day, st.lists(st.floats(0, 1), min_size=1, max_size=4))
@seed(1)
def test_a_seat_is_the_mean_over_the_dates_it_may_be_filled(parts: list[float], start: date, ramp: list[float]) -> None:
    whole = sum(parts) or 1.0
    shares = [part / whole if sum(parts) else 0.0 for part in parts]
    keys: Any = {"ramp": {"profile": ramp}, "attrition": {"other": 0.05, "backfill": 1}}
    seat = find(make_roster([{"start_date": start, "is_vacant": True}]), hiring={"delay": shares}, **keys)
    dates = [pd.Timestamp(start) + pd.DateOffset(months=k) for k in range(len(shares))]
    people = find(make_roster([{"start_date": at} for at in dates]), **keys)
    weight = np.array(shares)
    assert seat.headcount[0] == pytest.approx(weight @ people.headcount)
    assert seat.filled[0] == pytest.approx(weight @ people.filled)
    assert (seat.headcount * seat.ramp)[0] == pytest.approx(weight @ (people.headcount * people.ramp))
    assert seat.lasting[0] == pytest.approx(weight @ people.lasting)


def test_roles_have_delays_of_their_own_and_people_none() -> None:
    rows = [{"start_date": date(2027, 1, 1), "is_vacant": True, "role": role} for role in ("hunter", "farmer")]
    rows += [{"start_date": date(2027, 1, 1), "role": "hunter"}]
    hiring = {"delay": [0.0, 1.0], "roles": {"hunter": [0.5, 0.25]}}
    there = find(make_roster(rows), hiring=hiring)
    assert there.headcount[:, :3].tolist() == [[0.5, 0.75, 0.75], [0, 1, 1], [1, 1, 1]]


@given(st.floats(0.01, 0.5), st.integers(0, 6), st.integers(0, 3))
@seed(1)
def test_nobody_leaves_before_the_first_day(monthly: float, later: int, backfill: int) -> None:
    """Leaving people make of a late starter what they make of one who is there from the start, so much later."""
    keys: Any = {"attrition": {"monthly": {"hunter": monthly}, "backfill": backfill}, "ramp": {"profile": [0.5, 0.8]}}
    starts = [date(2027, 1, 1), date(2027, 1 + later, 1)]
    early, late = find(make_roster([{"start_date": at, "role": "hunter"} for at in starts]), **keys).lasting
    assert late[later:] == pytest.approx(early[: 12 - later])
    assert (late[:later] == 0).all()


@given(
    st.integers(1, 10**9),
    st.lists(st.floats(0, 1e6), min_size=4, max_size=4),
    st.lists(st.floats(0, 1e6), min_size=4, max_size=4),
)
@seed(1)
def test_relief_is_what_the_missing_capacity_would_have_been_asked(
    target: int, room: list[float], away: list[float]
) -> None:
    capacity, relieved = (np.array(values).reshape(2, 2, 1) for values in (room, away))
    relief = relieve(target, capacity, relieved)
    assert relieve(target, capacity, None) is None
    if capacity.sum() + relieved.sum() > 0:
        assert relief is not None
        assert relief.sum() + target * capacity.sum() / (capacity.sum() + relieved.sum()) == pytest.approx(target)
        assert ((relief > 0) <= (relieved > 0)).all()
