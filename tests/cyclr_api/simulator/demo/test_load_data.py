"""Large states."""

from __future__ import annotations

import random
import time

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from cyclr_api.simulator import CyclrState, mount, new_state, scaled_state
from cyclr_api.simulator.demo.load_data import LARGEST, spread
from tests.cyclr_api.simulator.conftest import Caller


@pytest.fixture(scope="module")
def large() -> CyclrState:
    """Shared, since nothing here changes it."""
    return scaled_state(2000, 12000, seed=3)


def test_a_large_world_has_as_much_as_was_asked_for(large: CyclrState) -> None:
    installed = [one for found in large.installed.values() for one in found]

    assert (len(large.accounts), len(installed)) == (2000, 12000)
    assert 0.78 < sum(one.authenticated for one in installed) / 12000 < 0.83
    assert len({one.connector_name for one in installed}) > 50


def test_its_connectors_are_spread_unevenly(large: CyclrState) -> None:
    counts = [len(found) for found in large.installed.values()]

    assert counts[0] == max(counts) == LARGEST
    assert 100 < counts.count(0) < 250
    assert sorted(counts)[1000] < 6


def test_its_names_and_ids_are_those_of_customers(large: CyclrState) -> None:
    names = [account.name for account in large.accounts.values()]
    ids = list(large.accounts)

    assert len(set(names)) > 1800
    assert all(name.isprintable() and len(name.split()) >= 2 for name in names)
    assert sum(one.endswith(".example") for one in ids) > 400
    assert sum(len(one) == 36 and one.count("-") == 4 for one in ids) > 400


def test_names_in_its_accounts_are_unique(large: CyclrState) -> None:
    for found in large.installed.values():
        folded = [one.name.casefold() for one in found]
        assert len(folded) == len(set(folded))


def test_its_account_connectors_are_as_cyclr_would_have_made_them(large: CyclrState) -> None:
    for found in list(large.installed.values())[:100]:
        for one in found:
            needs_nothing = large.authentication.method_of(one)["AuthType"] == "None"
            assert one.authenticated is (needs_nothing or one.auth_value is not None)
            assert {entry["Name"] for entry in one.properties} >= set(one.connector.required_names)


def test_it_answers_and_can_be_changed() -> None:
    state = scaled_state(50, 200, seed=3)
    session = requests.Session()
    mount(state, session)
    account = next(iter(state.accounts))
    api = Caller(state.api_url, session, account)

    assert len(api.get("/accounts?pageSize=1000").json()) == 50
    assert len(api.get("/account/connectors?pageSize=1000").json()) == 50
    one = api.install(19001, Name="new").json()
    assert one["Id"] not in {found.id for found in state.installed[account][:-1]}


def test_the_same_seed_makes_the_same_large_world() -> None:
    assert scaled_state(30, 100, 5).encoded() == scaled_state(30, 100, 5).encoded()
    assert scaled_state(30, 100, 5).encoded() != scaled_state(30, 100, 6).encoded()


def test_a_large_world_survives_its_file(large: CyclrState) -> None:
    assert new_state(large.document()).encoded() == large.encoded()


@given(accounts=st.integers(1, 300), connectors=st.integers(0, 5000), seed=st.integers(0, 99))
def test_whatever_is_asked_for_adds_up(accounts: int, connectors: int, seed: int) -> None:
    counts = spread(accounts, connectors, random.Random(seed))

    assert (len(counts), sum(counts)) == (accounts, connectors)
    assert min(counts) >= 0


@pytest.mark.parametrize("size", [(0, 0), (1, 0), (1, 7), (2, 1)])
def test_a_large_world_may_be_small(size: tuple[int, int]) -> None:
    state = scaled_state(*size)

    assert (len(state.accounts), sum(map(len, state.installed.values()))) == size


@pytest.mark.parametrize("size", [(0, 1), (-1, 0), (1, -1), (10**7, 0), (1, 10**7)])
def test_what_makes_no_large_world_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="account"):
        scaled_state(*size)


def test_the_largest_account_installs_as_quickly_as_others(large: CyclrState) -> None:
    """500 names are looked through for each install; nobody notices."""
    state = scaled_state(1, 2000, seed=3)
    account = next(iter(state.accounts))
    started = time.process_time()

    for number in range(100):
        state.install(account, 19001, name=f"new {number}")

    assert time.process_time() - started < 2
