"""What a row is made an operation of: typed, and read whichever release wrote it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dashboard.bulk.input import RowInput
from dashboard.bulk.models import BulkRow, BulkRun
from dashboard.common import encryption
from dashboard.installs.input import InstallInput

MADE = Path(__file__).parent / "made" / "row.txt"
"""A row of a run over several connectors as it was stored before rows had a class of their own."""
ROW = BulkRow(run=BulkRun(reference="bkfrozen1"), number=4)


@pytest.fixture(autouse=True)
def keys_of_then(settings: Any) -> None:
    """The keys that it was stored with."""
    settings.CREDENTIAL_KEYS = [
        "frozen-key-number-one-0123456789abcdef",
        "frozen-key-number-two-0123456789abcdef",
    ]


def test_a_row_of_an_earlier_release_is_read() -> None:
    ROW.encrypted_input = MADE.read_text().strip()

    entered = RowInput.of_row(ROW)

    assert entered.title == "Install Freshdesk"
    assert entered.exclusivity_key == "install:1:Freshdesk:2.0"
    assert entered.leaves_out_done and entered.follow_up is None
    assert entered.shown["method"] == "a9e3b003-1227-45f0-9fc8-963b704e8e71"
    install = InstallInput.from_json(entered.values)
    assert install.auth_value == "a-typed-secret"
    assert [(one.name, one.value) for one in install.properties] == [("FreshdeskDomain", "one")]
    assert "a-typed-secret" not in repr(entered)


@pytest.mark.parametrize(
    "entered",
    [
        RowInput(),
        RowInput({"name": "Ü"}, {"entries": [["Name", "Ü"]]}),
        RowInput({}, {}, "key", {"kind": "links.create", "values": {}}, "Own title", True),
    ],
)
def test_what_is_kept_is_read_again(entered: RowInput) -> None:
    kept = encryption.encrypt_json(entered.kept(), associated_data=ROW.associated_data)

    ROW.encrypted_input = kept

    assert RowInput.of_row(ROW) == entered


def test_a_row_without_a_title_lets_an_earlier_release_take_the_runs() -> None:
    assert RowInput({"a": 1}, {"b": 2}).kept() == {"values": {"a": 1}, "shown": {"b": 2}}


def test_a_row_of_another_place_opens_for_nobody() -> None:
    other = BulkRow(run=BulkRun(reference="bkfrozen1"), number=5)
    other.encrypted_input = MADE.read_text().strip()

    with pytest.raises(encryption.DecryptionError):
        RowInput.of_row(other)
