"""Links and what hangs on them; imported from here."""

from dashboard.links.models.attempt import (
    LATE,
    AccountCheck,
    AccountCheckQuerySet,
    Attempt,
    AttemptQuerySet,
    AttemptState,
    ConnectAttempt,
    new_attempt_id,
)
from dashboard.links.models.customer_link import (
    CustomerLink,
    CustomerLinkQuerySet,
    new_public_id,
)
from dashboard.links.models.email_text import EmailText
from dashboard.links.models.event import MARKS, LinkEvent
from dashboard.links.models.item import LinkItem, LinkItemQuerySet, is_another
from dashboard.links.models.link import (
    LIVELY_FOR,
    ORDER,
    SENT_TO_A_FILE,
    TEST_TAKES,
    Link,
    LinkQuerySet,
    LinkState,
)
from dashboard.links.models.mail import (
    FINISHED_UNLESS_WAITING,
    RETRIES,
    CustomerMail,
    LinkMail,
    MailKind,
    MailState,
)

ENTER = "links.enter"
"""The kind of operation that brings what a customer typed to Cyclr."""

__all__ = [
    "AccountCheck",
    "AccountCheckQuerySet",
    "Attempt",
    "CustomerLink",
    "CustomerLinkQuerySet",
    "CustomerMail",
    "ENTER",
    "EmailText",
    "FINISHED_UNLESS_WAITING",
    "LATE",
    "LIVELY_FOR",
    "Link",
    "LinkEvent",
    "LinkItem",
    "LinkItemQuerySet",
    "LinkMail",
    "LinkQuerySet",
    "LinkState",
    "MARKS",
    "MailKind",
    "MailState",
    "ConnectAttempt",
    "AttemptQuerySet",
    "AttemptState",
    "ORDER",
    "RETRIES",
    "TEST_TAKES",
    "SENT_TO_A_FILE",
    "is_another",
    "new_attempt_id",
    "new_public_id",
]
