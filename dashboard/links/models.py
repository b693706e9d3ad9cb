"""Connection links: durable addresses with which a customer connects installed connectors."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, Min, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import slugify
from django.utils.translation import gettext, gettext_noop

from dashboard.audit.models import Acted, ActorKind
from dashboard.bulk.models import BulkRow, BulkRun
from dashboard.common import sealing
from dashboard.common.searching import SearchField, fold, is_same
from dashboard.connectors.models import ProofRun
from dashboard.consoles.branding import Brand, brand_of
from dashboard.consoles.models import Console
from dashboard.jobs.models import Job, JobQuerySet
from dashboard.jobs.policy import Backoff, Policy, Schedule
from dashboard.links import telling
from dashboard.mirror.models import Account, AccountConnector, MirrorQuerySet
from dashboard.operations.models import Operation

ENTER = "links.enter"
"""The kind of operation that brings what a customer typed to Cyclr."""

LIVELY_FOR = timedelta(minutes=20)
"""After an event on a link its pages look every second for so long, then every few."""


def new_public_id() -> str:
    """Eight random bytes as hex: names a link in its address, and is no secret by itself."""
    return secrets.token_hex(8)


def new_mint_id() -> str:
    """160 random bits for the address of one mint's wait and return pages."""
    return base64.b32encode(secrets.token_bytes(20)).decode().lower()


class LinkState(models.TextChoices):
    """How far a link has come; expired and revoked are told by their times."""

    CREATED = "created", "Created"
    SENT = "sent", "Sent"
    OPENED = "opened", "Opened"
    STARTED = "started", "Started"
    RETURNED = "returned", "Returned"
    PARTLY = "partly-connected", "Partly connected"
    CONNECTED = "connected", "Connected"


SENT_TO_A_FILE = "Sent to a file"
"""What is shown instead of *Sent* while no mail server is set."""

ORDER = [LinkState.CREATED, LinkState.SENT, LinkState.OPENED, LinkState.STARTED, LinkState.RETURNED]


class LinkQuerySet(MirrorQuerySet):
    """Links, found."""

    def open(self) -> Self:
        """Those a customer can still use."""
        return self.filter(
            revoked_at=None,
            connected_at=None,
            emptied_at=None,
            expires_at__gt=timezone.now(),
            console__retired_at=None,
        )

    def with_public_ids(self, public_ids: Collection[str]) -> Self:
        """Those of these addresses, with what their pages need."""
        return self.filter(public_id__in=public_ids).select_related("console", "account__console")


class Link(Acted):
    """One link: for one account, over one or more of its installed connectors.

    The address is derived from `public_id` and a key that is not in the database.
    """

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id)
    key_id = models.CharField(max_length=8, default=sealing.current_key_id)
    submission = models.UUIDField(unique=True, null=True, blank=True)
    input_fingerprint = models.CharField(max_length=64, blank=True, default="")
    console = models.ForeignKey(Console, on_delete=models.PROTECT, related_name="links")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="links")
    recipient_email = models.EmailField(blank=True, default="")
    recipient_name = models.CharField(max_length=200, blank=True, default="")
    search_text = SearchField(of=["recipient_email", "recipient_name"])
    message = models.TextField(blank=True, default="")
    language = models.CharField(
        max_length=5, blank=True, default="", help_text="Empty: what the customer's browser asks."
    )
    ticket_url = models.URLField(max_length=500, blank=True, default="")
    has_reminders = models.BooleanField(default=False)
    reminders_ended_at = models.DateTimeField(
        null=True, blank=True, help_text="The customer wants no more of them."
    )
    run = models.ForeignKey(
        BulkRun,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="links",
        help_text="The campaign it belongs to.",
    )
    row = models.OneToOneField(
        BulkRow,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="link",
        help_text="The line of the campaign that it was made of.",
    )
    state = models.CharField(max_length=20, choices=LinkState.choices, default=LinkState.CREATED)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True, help_text="First copied or mailed.")
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    connected_at = models.DateTimeField(null=True, blank=True)
    emptied_at = models.DateTimeField(
        null=True, blank=True, help_text="All that was left on it was deleted in Cyclr."
    )
    moved_at = models.DateTimeField(default=timezone.now, help_text="Its last event.")
    is_new_link_asked = models.BooleanField(default=False)
    is_only_file = models.BooleanField(
        default=False, help_text="Its message became a file: no mail server was set."
    )

    objects = LinkQuerySet.as_manager()

    class Meta(Acted.Meta):
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["account", "-created_at"], name="link_of_account"),
            models.Index(fields=["console", "-created_at"], name="link_newest"),
            models.Index(
                fields=["console", "expires_at"],
                name="link_open",
                condition=Q(revoked_at__isnull=True, connected_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"Link for {self.account}"

    def get_absolute_url(self) -> str:
        """The staff page about the link."""
        return reverse("link_detail", args=[self.pk])

    @property
    def is_expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at <= timezone.now()

    @property
    def is_usable(self) -> bool:
        """Whether the customer can still start something with it."""
        return self.may_be_extended and not (self.is_expired or self.is_retired)

    @property
    def may_be_extended(self) -> bool:
        """Whether more time would help: there is something left to connect with it."""
        moments = (self.revoked_at, self.connected_at, self.emptied_at)
        return all(moment is None for moment in moments)

    @property
    def is_retired(self) -> bool:
        """Whether its console is no longer in use: Cyclr is not asked for it any more."""
        return self.console.retired_at is not None

    @property
    def is_waiting(self) -> bool:
        """Whether it is not clear where its console is: the link works again when it is."""
        return self.console.undecided_since is not None

    @cached_property
    def brand(self) -> Brand:
        """How its customer sees the partner; looked up once for each link that was read."""
        return brand_of(self.console)

    @property
    def asked_by(self) -> str:
        """The colleague's name, for the customer; empty when that is nobody's or an address."""
        name = self.actor_name.strip()
        return name if self.actor_kind == ActorKind.STAFF and "@" not in name else ""

    @property
    def shown_state(self) -> str:
        """The state's word on screen."""
        if self.state != LinkState.CONNECTED:
            if self.revoked_at is not None:
                return "Revoked"
            if self.emptied_at is not None:
                return "Gone"
            if self.is_expired:
                return "Expired"
        if self.state == LinkState.SENT and self.is_only_file:
            return SENT_TO_A_FILE
        return LinkState(self.state).label

    @property
    def shape(self) -> str:
        """The state by which its shape and colour go."""
        words = self.shown_state
        return str(self.state) if words == SENT_TO_A_FILE else slugify(words)

    @property
    def beat(self) -> str:
        """How often its page looks again by itself: each tick, each tock, or not any more."""
        is_lively = timezone.now() - self.moved_at < LIVELY_FOR
        if self.state == LinkState.CONNECTED:
            # Whose account it is may be found out a moment later.
            return "tock" if timezone.now() - self.moved_at < PROOF_TAKES else ""
        if self.is_usable:
            return "tick" if is_lively else "tock"
        # What was started in time may still be confirmed, and the customer may ask for a new link.
        may_move = self.revoked_at is None and not self.is_retired
        return "tock" if is_lively and may_move else ""

    def token(self) -> str:
        """The secret part of the address: 64 letters and digits. Made anew each time.

        SealBrokenError when its key was dropped from `CREDENTIAL_KEYS`.
        """
        return make_token(self.public_id, self.key_id)

    def url(self) -> str:
        """The whole address that is sent to the customer."""
        return settings.PUBLIC_URL + reverse("public_link", args=[self.token()])

    def note(
        self, event: str, words: str, item: LinkItem | None = None, **details: Any
    ) -> LinkEvent:
        """Add a line to the timeline and tell staff of it. `details` hold no secrets."""
        self.moved_at = timezone.now()
        Link.objects.filter(pk=self.pk).update(moved_at=self.moved_at)
        line = self.events.create(event=event, words=words, item=item, details=details)
        telling.on_event(self, line)
        return line


def make_token(public_id: str, key_id: str) -> str:
    """The address token of a link: its public id and a keyed code over it, as base32."""
    code = sealing.code_for(public_id, purpose="link", key=key_id)
    return base64.b32encode(bytes.fromhex(public_id) + code).decode().lower()


PROOF_TAKES = timedelta(minutes=1)
"""So long pages look by themselves for what a proof says."""


def is_another(identity: str, before: str) -> bool:
    """Whether two identities are known and not the same as people write them.

    Of addresses every letter counts: jose@ and josé@ are two mailboxes.
    """
    if not identity or not before or fold(identity) == fold(before):
        return False
    return "@" in f"{identity}{before}" or not is_same(identity, before)


class LinkItemQuerySet(models.QuerySet[Any]):
    """Items of links, found."""

    def left(self) -> Self:
        """Those that are still to be connected: neither done nor deleted in Cyclr."""
        return self.filter(
            connected_at=None, account_connector__gone_at=None, link__account__gone_at=None
        )


class LinkItem(models.Model):
    """One installed connector on a link."""

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="items")
    account_connector = models.ForeignKey(
        AccountConnector, on_delete=models.PROTECT, related_name="link_items"
    )
    position = models.PositiveSmallIntegerField(default=0)
    was_authenticated = models.BooleanField(default=False, help_text="Before the last start.")
    state = models.CharField(max_length=20, choices=LinkState.choices, default=LinkState.CREATED)
    starts = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(
        default=0, help_text="Starts and entries that came to nothing since the last success."
    )
    failure = models.TextField(blank=True, default="", help_text="Why the last one failed.")
    entry = models.ForeignKey(
        Operation,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="What the customer typed last, on its way to Cyclr.",
    )
    identity = models.TextField(blank=True, default="", help_text="Connected as whom.")
    identity_before = models.TextField(
        blank=True, default="", help_text="As whom it was connected when the link was made."
    )
    proof = models.ForeignKey(
        ProofRun,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The proof that was asked for last: does it work, and as whom.",
    )
    started_at = models.DateTimeField(null=True, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True)
    connected_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(
        null=True, blank=True, help_text="Its connector was deleted in Cyclr; nobody is asked."
    )
    check_until = models.DateTimeField(null=True, blank=True)
    next_check_at = models.DateTimeField(null=True, blank=True)
    checks = models.PositiveIntegerField(default=0)
    checked_at = models.DateTimeField(null=True, blank=True, help_text="Cyclr last said.")

    objects = LinkItemQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["link", "account_connector"], name="link_item_once"),
        ]
        indexes = [
            models.Index(
                fields=["next_check_at"],
                name="link_item_to_check",
                condition=Q(next_check_at__isnull=False),
            ),
            models.Index(
                fields=["account_connector"],
                name="link_item_unfinished",
                condition=Q(connected_at__isnull=True, started_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_connector} on {self.link}"

    @property
    def shown_state(self) -> str:
        """The state's word on screen."""
        if self.is_gone:
            return "Gone"
        if self.state == LinkState.SENT and self.link.is_only_file:
            return SENT_TO_A_FILE
        return LinkState(self.state).label

    @property
    def is_deleted(self) -> bool:
        """Whether Cyclr has its connector no longer, or not even the account."""
        account_gone_at = self.link.account.gone_at
        return self.account_connector.gone_at is not None or account_gone_at is not None

    @property
    def is_gone(self) -> bool:
        """Whether nobody is asked for it any more: it was deleted before it was connected."""
        return self.connected_at is None and self.is_deleted

    @property
    def is_other_account(self) -> bool:
        """Whether it was connected as somebody else than before."""
        return is_another(self.identity, self.identity_before)

    @property
    def may_start_again(self) -> bool:
        """Whether it is connected as another account than before, and there is time to mend it.

        Also when everything else on the link is done: what was connected last counts. Only where
        the customer signs in by browser: a key that was typed is not mended by a visit.
        """
        if not self.account_connector.is_connected_by_visit or self.is_deleted:
            return False
        link = self.link
        is_over = link.revoked_at is not None or link.is_expired or link.is_retired
        return self.connected_at is not None and self.is_other_account and not is_over

    @property
    def is_proving(self) -> bool:
        """Whether a proof is under way; one that is put off, or lost, is none."""
        run = self.proof
        if run is None or run.is_finished or run.not_before > timezone.now():
            return False
        return timezone.now() - run.not_before < PROOF_TAKES

    @property
    def is_refused(self) -> bool:
        """Whether a proof since the customer came back says that it does not work."""
        run = self.proof
        if run is None or self.returned_at is None or run.began_at is None:
            return False
        return run.worked is False and run.began_at >= self.returned_at

    @property
    def why_failed(self) -> str:
        """Why it is not connected yet, and how often; empty if nothing failed or it is by now."""
        if self.connected_at is not None or not self.failures:
            return ""
        why = self.failure.rstrip(".") or "Not finished"
        return f"{why}, {self.failures} times" if self.failures > 1 else why

    @property
    def is_checking(self) -> bool:
        """Whether a worker still asks Cyclr for it; not without end, should no worker work."""
        if self.next_check_at is None or self.connected_at is not None:
            return False
        return self.check_until is None or timezone.now() < self.check_until

    @property
    def is_returned(self) -> bool:
        """Whether the customer came back from the last start."""
        if self.returned_at is None:
            return False
        return self.started_at is None or self.returned_at >= self.started_at

    @property
    def is_read_since_return(self) -> bool:
        """Whether Cyclr has said anything about it after the customer came back."""
        if self.checked_at is None or self.returned_at is None:
            return False
        return self.checked_at >= self.returned_at

    @property
    def seconds_since_return(self) -> float:
        """How long ago the customer came back; a day if never."""
        if self.returned_at is None:
            return 86400.0
        return (timezone.now() - self.returned_at).total_seconds()


LATE = gettext_noop("The sign-in could not be prepared in time.")


class MintState(models.TextChoices):
    """Where a mint is."""

    WAITING = "waiting"
    READY = "ready"
    USED = "used"
    FAILED = "failed"
    OVER = "over"


class MintQuerySet(JobQuerySet):
    """Mints, found and ended."""

    def end(self) -> int:
        """Have those that were not used lead nowhere; how many."""
        ended_at = Coalesce(F("finished_at"), Value(timezone.now()))
        rows = self.filter(state__in=[MintState.WAITING, MintState.READY])
        return rows.update(state=MintState.OVER, sealed_url="", finished_at=ended_at)


class Mint(Job):
    """One start: a Cyclr sign-in token on its way into one redirect.

    The finished address is sealed to this row, opened once by the redirect, and wiped. As a job it
    has ended when the address is there.
    """

    policy = Policy(
        task="dashboard.links.tasks.mint_token",
        queue="interactive",
        lease=timedelta(seconds=15),
        is_renewed=True,
        retries=Backoff(first=3, most=6),
        most_tries=30,
        give_up_after="MINT_LIVES_FOR",
        related=(
            *("item__link__account__console", "item__link__console", "item__account_connector"),
        ),
    )

    public_id = models.CharField(max_length=32, unique=True, default=new_mint_id)
    item = models.ForeignKey(LinkItem, on_delete=models.CASCADE, related_name="mints")
    state = models.CharField(max_length=10, choices=MintState.choices, default=MintState.WAITING)
    sealed_url = models.TextField(blank=True, default="")
    shown_at = models.DateTimeField(null=True, blank=True, help_text="Its wait page was drawn.")
    ready_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True)

    objects = MintQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="mint_finished_unless_waiting",
                condition=Q(state="waiting", finished_at=None)
                | (~Q(state="waiting") & Q(finished_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="mint_sealed_only_when_ready", condition=Q(state="ready") | Q(sealed_url="")
            ),
        ]
        indexes = [
            *Job.Meta.indexes,
            models.Index(fields=["item", "-created_at"], name="mint_of_item"),
            models.Index(fields=["state", "created_at"], name="mint_by_state"),
        ]

    def __str__(self) -> str:
        return f"mint {self.pk} of {self.item_id}"

    @classmethod
    def ready(cls, moment: datetime) -> Q:
        """A console that is out of use is asked nothing."""
        return Q(item__link__console__retired_at=None)

    @property
    def seal_place(self) -> str:
        """Where its address is sealed to."""
        return f"links.mint:{self.public_id}:url"

    @property
    def is_over(self) -> bool:
        """Whether it can no longer lead anywhere."""
        if self.state in {MintState.USED, MintState.FAILED, MintState.OVER}:
            return True
        start: datetime = self.ready_at or self.created_at
        return (timezone.now() - start).total_seconds() > settings.MINT_LIVES_FOR

    @property
    def is_in_vain(self) -> bool:
        """Whether it ended without having led anywhere."""
        return self.used_at is None and self.is_over

    @property
    def why(self) -> str:
        """Why it led nowhere, for the customer and in their language."""
        return gettext(self.last_error or LATE)


class MailKind(models.TextChoices):
    """What a message is for."""

    INVITATION = "invitation", "Invitation"
    REMINDER = "reminder", "Reminder"


class MailState(models.TextChoices):
    """Where a message is."""

    WAITING = "waiting", "Waiting"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"
    BOUNCED = "bounced", "Bounced"
    DROPPED = "dropped", "Not needed any more"


class LinkMail(Acted, Job):
    """A message in the outbox: a template's name and a link, written when it is sent.

    Its text is never stored, since it holds the link's address.
    """

    policy = Policy(
        task="dashboard.links.tasks.send_mail",
        queue="bulk",  # nobody waits for it: a mail server that is away must hold up no work
        lease=timedelta(seconds=90),
        retries=Schedule(tuple(timedelta(minutes=n) for n in (1, 2, 4, 8, 16, 32, 60))),
        most_tries=200,
        give_up_after=timedelta(days=1),
        related=("link__console", "link__account"),
        order=(F("link__run").asc(nulls_first=True), "not_before", "pk"),
        every=2,
        republish_after=timedelta(seconds=30),
    )

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="mails")
    submission = models.UUIDField(unique=True, null=True, blank=True)
    kind = models.CharField(max_length=12, choices=MailKind.choices)
    number = models.PositiveSmallIntegerField(default=0, help_text="Which reminder it is.")
    recipient = models.EmailField()
    state = models.CharField(max_length=10, choices=MailState.choices, default=MailState.WAITING)
    sent_at = models.DateTimeField(null=True, blank=True)
    is_file = models.BooleanField(
        default=False, help_text="It became a file: no mail server was set."
    )
    message_id = models.CharField(max_length=200, blank=True, default="")

    objects = JobQuerySet.as_manager()

    class Meta(Acted.Meta):
        ordering = ["-created_at", "-pk"]
        constraints = [
            *Acted.Meta.constraints,
            models.UniqueConstraint(
                fields=["link", "number"],
                condition=Q(kind="reminder"),
                name="link_mail_reminder_once",
            ),
            models.CheckConstraint(
                name="link_mail_finished_unless_waiting",
                condition=Q(state="waiting", finished_at=None)
                | (~Q(state="waiting") & Q(finished_at__isnull=False)),
            ),
        ]
        indexes = [*Job.Meta.indexes]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} for {self.link}"

    @classmethod
    def ready(cls, moment: datetime) -> Q:
        """While it is not decided which Cyclr is asked, no link may be handed out."""
        return Q(link__console__undecided_since=None)


CHECKS_AT_ONCE = 100


class AccountCheckQuerySet(JobQuerySet):
    """Checks of accounts, begun."""

    def begin(self, account_id: int | None = None) -> None:
        """Begin that of each account that has items due and none under way; or of this one."""
        moment = timezone.now()
        open_checks = self.open().filter(pk=OuterRef("link__account"))
        due = LinkItem.objects.filter(
            ~Exists(open_checks),
            connected_at=None,
            next_check_at__lte=moment,
            link__console__retired_at=None,
        )
        if account_id is not None:
            due = due.filter(link__account=account_id)
        accounts = due.order_by().values("link__account_id").annotate(since=Min("next_check_at"))
        longest = accounts.order_by("since").values_list("link__account_id", "since")
        for pk, since in longest[:CHECKS_AT_ONCE]:
            fresh = {"created_at": moment, "not_before": since, "finished_at": None, "tries": 0}
            fresh |= {"leased_until": None, "published_at": None, "last_error": ""}
            if not self.filter(pk=pk).exclude(finished_at=None).update(**fresh):
                self.get_or_create(pk=pk, defaults=fresh)


class AccountCheck(Job):
    """One listing of an account at Cyclr, for all its started items: did the customer finish?

    It is begun whenever items are due (`LinkItem.next_check_at`), and ends with the listing.
    """

    policy = Policy(
        task="dashboard.links.tasks.check_account",
        queue="checks",
        lease=timedelta(seconds=70),
        retries=Backoff(first=5, most=60),
        most_tries=5,
        give_up_after=timedelta(minutes=20),
        related=("account__console",),
    )

    account = models.OneToOneField(
        Account, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )

    objects = AccountCheckQuerySet.as_manager()

    def __str__(self) -> str:
        return f"check of {self.account}"


MARKS = {
    "refused": "failed",
    "entry-refused": "failed",
    "unchecked": "failed",
    "bounced": "failed",
    "unmailed": "failed",
    "gone": "gone",
    "other-account": "not-authenticated",
    "not-working": "failed",
    "identity": "done",
}
"""The shapes of events that are no states; a point for those that are not listed."""


class LinkEvent(models.Model):
    """One line of a link's timeline."""

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="events")
    item = models.ForeignKey(LinkItem, on_delete=models.CASCADE, null=True, blank=True)
    at = models.DateTimeField(default=timezone.now)
    event = models.CharField(max_length=20)
    words = models.TextField()
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return self.words

    @property
    def mark(self) -> str:
        """The shape beside it: a state's, or a point for what is none."""
        known = {"created", "opened", "started", "returned", "connected", "revoked", "expired"}
        if self.event in {"sent", "mailed"}:
            return "sent"
        if self.event == "entered":
            return "started"
        if self.is_robot or self.is_staff or self.event not in known:
            return MARKS.get(self.event, "quiet")
        return self.event

    @property
    def is_staff(self) -> bool:
        """Whether a colleague did it, signed in here."""
        return bool(self.details.get("staff"))

    @property
    def is_robot(self) -> bool:
        """Whether it was likely a mail scanner."""
        return bool(self.details.get("robot"))
