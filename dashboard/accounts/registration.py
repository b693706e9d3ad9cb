"""What accounts register: the labels of their audit actions, and answers of tags."""

from collections.abc import Collection

from dashboard.accounts.tags import having, names_in_use
from dashboard.audit import labels
from dashboard.consoles.models import Console
from dashboard.notifications import rules

labels.register({"accounts.tag": "Changed the tags of"})


@rules.has_tag.answered_by
def one_has_tag(accounts: Collection[int], tag: str) -> bool:
    """Whether one of these accounts has it, however it is written; one query."""
    return bool(accounts) and having(tag).filter(account__in=accounts).exists()


@rules.tag_names.answered_by
def names_of(console: Console) -> list[str]:
    """The tags in use in a console."""
    return names_in_use([console])
