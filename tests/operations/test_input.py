"""What handlers work from: inputs that earlier builds encrypted stay readable."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import override_settings

from dashboard.connectors.input import SettingsInput
from dashboard.installs.input import InstallInput
from dashboard.links.input import EntryInput
from dashboard.operations.input import Setting
from dashboard.operations.models import Operation

KEY = "an-invented-key-of-forty-letters-for-tests"
INSTALL = (
    "v1.2de92ffd.nW2UBN1idUDXySArHZXbiMwx7MlhxPCfsn9hmqqlSoIJ7xeQ3yQ397-LL1aYHTplLrUF6If8Rqgi"
    "QYC6CQa1D0NIFVMMUpIv5SFfJ_oMRqBPH5Era5yuYG6YMAyEETe_mEVXX2lFjIV3ayE55OhtQLEm0iAQnB-9czzX"
    "JjSIhmkIQysJV2hYRasIdOtSkO0wDrFioqvesyXMdiIHkWLU8iGyd0myEhrhdaytOC81xU6KKxlsIJvSWE4SWZPM"
    "fdXaxBqh7YD0H7i5OH9iWTY-ivf94RIuhol2q6KPoWoU1eE="
)
ENTRY = (
    "v1.2de92ffd.Y36GIHCmY6uBoQrICVyyrrpNpZaey_ZQruspLKu2LdIIgDs6dodR7rLhzH5QDzXPChjVoq5UUo_9"
    "rS1uQY6wpddO2EDi5ftKEyjj88NjemnJ2_l6B2TNsHz49705lFCRM8r2x4czQTBgxJTNvRKT_i3OtzGWQmUMMX6U"
    "w_3bHoITmYFPRLA="
)
SETTINGS = (
    "v1.2de92ffd.MjPCIvXgtcRe5SgmgV3wn67aI15_TXslC1pAC8nc9heS9ppcgmf6p2DuziOlor8Ip04MVDtlII20"
    "sh7PLSsvzVhyAYTCG36p-FsajhXP6cXso-e-"
)
"""Made with that key by the build before the classes, bound to the references below."""


@pytest.fixture(autouse=True)
def key() -> Iterator[None]:
    """The key that the values were made with."""
    with override_settings(CREDENTIAL_KEYS=[KEY]):
        yield


def test_an_install_of_an_earlier_build_is_read() -> None:
    operation = Operation(reference="opfrozeninstall", encrypted_input=INSTALL)

    assert InstallInput.of(operation) == InstallInput(
        release_id=77,
        name="CRM",
        description="for sales",
        authentication_id="m-1",
        auth_value="k e y",
        properties=(Setting("Region", "eu", 880101),),
        is_native=True,
    )


def test_so_is_what_a_customer_entered() -> None:
    operation = Operation(reference="opfrozenentry", encrypted_input=ENTRY)

    assert EntryInput.of(operation) == EntryInput(
        way="api-key", auth_value="k e y", properties=(Setting("Region", "eu", 880101),)
    )


def test_so_are_settings() -> None:
    operation = Operation(reference="opfrozensettings", encrypted_input=SETTINGS)

    assert SettingsInput.of(operation).properties == (Setting("Warehouse", "wh-1"),)


@pytest.mark.parametrize("kind", [InstallInput, EntryInput, SettingsInput])
def test_unknown_keys_are_left_out_and_missing_ones_have_their_default(
    kind: type[InstallInput | EntryInput | SettingsInput],
) -> None:
    assert kind.from_json({"of_another_release": 1}) == kind()
    assert kind.of(Operation(encrypted_input="")) == kind()


def test_what_was_typed_is_not_in_its_representation() -> None:
    operation = Operation(reference="opfrozeninstall", encrypted_input=INSTALL)

    shown = repr(InstallInput.of(operation))
    assert "k e y" not in shown and "eu" not in shown and "CRM" in shown
