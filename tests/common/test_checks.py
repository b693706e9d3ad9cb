"""What `manage.py check` says about settings."""

from __future__ import annotations

from typing import Any

from dashboard.common.checks import check_settings


def test_what_will_probably_not_do_what_was_meant_is_told(settings: Any) -> None:
    settings.SETTING_DOUBTS = ["DESK_COLOUR in the environment is no setting of this dashboard."]

    (told,) = check_settings(None)

    assert told.msg == settings.SETTING_DOUBTS[0] and not told.is_serious()
