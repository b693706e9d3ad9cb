"""Confirming by typing: which word, and what counts as it."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from dashboard.common.confirming import LONGEST_WORD, ConfirmField, confirming_word
from tests.pages import HOSTILE


@pytest.mark.parametrize("name", [one for one in HOSTILE if not one.isascii()])
def test_what_cannot_be_typed_is_never_asked_for(name: str) -> None:
    assert confirming_word(name, "91") == "91"


@pytest.mark.parametrize(
    "name", ["", "   ", "a\nb", " CRM", "two  spaces", "x" * (LONGEST_WORD + 1)]
)
def test_nor_what_is_empty_or_long_or_has_odd_spaces(name: str) -> None:
    assert confirming_word(name, "91") == "91"


@pytest.mark.parametrize("typed", ["HubSpot", "hubspot", " HUBSPOT "])
def test_the_word_counts_in_any_case(typed: str) -> None:
    assert ConfirmField("HubSpot", "delete it").clean(typed) == typed.strip()


@pytest.mark.parametrize("typed", ["Hub", "HubSpot 2", "delete"])
def test_another_word_is_refused_with_what_to_do(typed: str) -> None:
    with pytest.raises(ValidationError, match="Type HubSpot to delete it"):
        ConfirmField("HubSpot", "delete it").clean(typed)
