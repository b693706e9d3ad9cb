"""What default connectors register: audit labels, and the answer to what a new account gets."""

from __future__ import annotations

from dashboard.accounts.defaults import Default, defaults_of
from dashboard.audit import labels
from dashboard.consoles.models import Console
from dashboard.defaults.services import planned
from dashboard.installs.form.release import release_label
from dashboard.mirror.icons import add_icons

labels.register(
    {
        "defaults.add": "Added the default connector",
        "defaults.change": "Changed the default connector",
        "defaults.remove": "Removed the default connector",
        "defaults.move": "Moved the default connector",
    }
)


@defaults_of.answered_by
def defaults_in(console: Console) -> list[Default]:
    """Each with what is installed of it now."""
    rows = planned(console)
    add_icons([one.connector for one in rows if one.connector])
    return [
        Default(
            label=str(one.default),
            release=release_label(one.connector, one.default.installs_by) if one.connector else "",
            icon_digest=one.connector.icon_digest if one.connector else "",
            is_native=one.default.is_native,
            problem=one.problem or one.note,
        )
        for one in rows
    ]
