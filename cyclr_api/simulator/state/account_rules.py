"""What Cyclr demands of an account's attributes, and what it makes of them.

`given` is always a part of an account's document: the attributes that a caller sent, typed.
"""

import calendar
import re
import unicodedata
from datetime import UTC, datetime
from urllib.parse import urlsplit

from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.values import JSON, OWN, Account, cyclr_time

RETENTIONS = ("StepDataSuccessRetentionHours", "StepDataErroredRetentionHours")
MOST_HOURS = 744

WEBHOOK_ENABLED = "TransactionErrorWebhookEnabled"
WEBHOOK_URL = "TransactionErrorWebhookUrl"

NO_WEBHOOK_URL = "Transaction Error Webhook enabled: Transaction Error Webhook URL must be defined"

UNREACHABLE = ("Cc", "Cs")
"""Control characters and half characters: neither a path nor a header can carry them."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def checked(given: JSON) -> JSON:
    """The given attributes as Cyclr keeps them; refused in Cyclr's words where it refuses.

    What is stored already is not looked at [T]. Sim: the first wrong one of name, retention,
    webhook and URL is told; a name of blanks is a name.
    """
    if "Name" in given and not given["Name"]:
        raise ApiError(400, "Name is required")
    hours = {name: _checked_hours(name, given[name]) for name in RETENTIONS if name in given}
    url = given.get(WEBHOOK_URL) or None
    if given.get(WEBHOOK_ENABLED) and url is None:
        raise ApiError(400, NO_WEBHOOK_URL)
    kept = {**given, **hours}
    if WEBHOOK_URL in given:
        kept[WEBHOOK_URL] = None if url is None else _checked_url(url)
    return kept


def _checked_hours(name: str, hours: int | None) -> int | None:
    if hours is None:
        return None
    if hours < 0:
        raise ApiError(400, f"{name} ({hours}): must be non negative")
    return min(hours, MOST_HOURS)


def _checked_url(url: str) -> str:
    """With `https://` where there is no scheme. Sim: http and https are the only ones."""
    if not _SCHEME.match(url):
        url = f"https://{url}"
    if not _is_web_address(url):
        raise ApiError(400, f"{url} is not a valid URL")
    return url


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_complete = bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets without an address, a port that is no number
        return False
    is_readable = url.isprintable() and " " not in url
    return parts.scheme in ("http", "https") and is_complete and is_readable


def checked_id(text: str) -> str:
    """An API id without blanks around it: the account header would lose them. Sim: the words."""
    if any(unicodedata.category(character) in UNREACHABLE for character in text):
        raise ApiError(400, "ID is not valid")
    return text.strip()


def new_document(account_id: str, given: JSON, *, parent_id: str | None, now: datetime) -> JSON:
    """A new account with all attributes. Sim: UTC, and a first bill a month after its first day."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    document = {
        "Id": account_id,
        "Name": None,
        "Description": None,
        "CreatedDate": cyclr_time(now),
        "AuditInfo": None,
        "TaskAuditInfo": None,
        "Timezone": "Etc/UTC",
        "NextBillDateUtc": bill_time(_months_after(today, 1)),
        "StepDataSuccessRetentionHours": None,
        "StepDataErroredRetentionHours": None,
        WEBHOOK_ENABLED: False,
        WEBHOOK_URL: None,
        "TransactionErrorWebhookIncludeWarnings": False,
        **given,
    }
    return document if parent_id is None else {**document, OWN: {"ParentAccountId": parent_id}}


# -- dates and bills -----------------------------------------------------------------------------


def bill_time(moment: datetime) -> str:
    """A moment to the second, as Cyclr writes the date of a bill."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def read_date(text: str) -> datetime | None:
    """ISO 8601 or MM/DD/YYYY, UTC unless it says otherwise; None for anything else."""
    american = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text.strip(), re.ASCII)
    try:
        if american:
            month, day, year = map(int, american.groups())
            return datetime(year, month, day, tzinfo=UTC)
        moment = datetime.fromisoformat(text.strip())
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def billing_month(account: Account, now: datetime) -> tuple[datetime, datetime]:
    """Start and end of the month around now that ends on the day of the next bill.

    Sim: without a readable date, the calendar month.
    """
    written = str(account.document.get("NextBillDateUtc") or "")
    now = now.astimezone(UTC)
    first = datetime(now.year, now.month, 1, tzinfo=UTC)
    anchor = read_date(written) or first
    months = (now.year - anchor.year) * 12 + now.month - anchor.month
    if _months_after(anchor, months) > now:
        months -= 1
    return _months_after(anchor, months), _months_after(anchor, months + 1)


def _months_after(moment: datetime, months: int) -> datetime:
    """The same day of another month, or that month's last."""
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)
