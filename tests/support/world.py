"""One thing of every kind that an address can name, in one console."""

from __future__ import annotations

import copy
import uuid
from datetime import timedelta
from functools import cached_property
from typing import Any

from allauth.mfa.models import Authenticator
from django.urls import reverse
from django.utils import timezone

from dashboard.alarms.models import Alarm, AlarmMember, Trouble
from dashboard.api.scopes import Scope
from dashboard.audit.models import Actor
from dashboard.bulk.models import BulkRow, BulkRun, RunState
from dashboard.campaigns import planning
from dashboard.common import encryption
from dashboard.console_setup.models import CheckKind, ConsoleCheck
from dashboard.consoles.models import Console
from dashboard.defaults.models import DefaultConnector
from dashboard.error_webhook import services as error_webhooks
from dashboard.fleet.models import SavedView
from dashboard.links.models import ConnectAttempt
from dashboard.methods.inputs import CallInput
from dashboard.methods.models import Method, MethodCall, SavedCall
from dashboard.mirror.models import SyncRun
from dashboard.notifications import webhooks
from dashboard.notifications.models import Notification, NotificationRule, WebhookDelivery
from dashboard.onboarding.models import OnboardingRun, OnboardingStep, OnboardingTable, StepKind
from dashboard.operations.models import Operation, Reason, State
from dashboard.people.models import Role, User
from dashboard.sessions.models import Session
from dashboard.team import invitations
from dashboard.team.models import Invitation
from tests.factories import (
    make_account,
    make_account_connector,
    make_connector,
    make_console,
    make_cycle,
    make_launch_link,
    make_link,
    make_operation,
    make_template,
    make_user,
)
from tests.pages import signed_in
from tests.support.every_address import Address

METHOD_KEY = "a" * 32


class World:
    """A console with one of everything, and an administrator of it alone."""

    def __init__(self, word: str = "own") -> None:
        self.word = word
        self.console: Console = make_console(
            name=f"{word} console", is_from_environment=False, api_url=f"https://api.{word}.example"
        )
        SyncRun.objects.create(
            console=self.console, listed_at=timezone.now(), finished_at=timezone.now()
        )
        self.admin: User = make_user(Role.ADMIN, console=self.console, name=f"{word} admin")
        self.colleague: User = make_user(Role.VIEWER, console=self.console, name=f"{word} viewer")
        self.owner: User = make_user(Role.LEAD, console=self.console, name=f"{word} owner")
        self.account = make_account(console=self.console, name=f"{word} account")
        self.release = make_connector(console=self.console, name="HubSpot", version="1.0")
        self.template = make_template(("HubSpot", "1.0"), console=self.console)
        self._fill_account()
        self._fill_settings()

    def sibling(self) -> World:
        """Another account of the same console, with its own things."""
        another = copy.copy(self)
        for name, value in vars(type(self)).items():
            if isinstance(value, cached_property):
                vars(another).pop(name, None)
        another.account = make_account(console=self.console, name="sibling account")
        another._fill_account()
        return another

    def _fill_account(self) -> None:
        self.connector = make_account_connector(
            account=self.account, name=f"{self.word} connector", release_id=self.release.release_id
        )
        self.cycle = make_cycle(self.connector, name=f"{self.word} cycle")
        self.link = make_link(connectors=[self.connector], recipient_email="ann@example.com")
        self.launch_link = make_launch_link(account=self.account)
        self.operation = make_operation(account=self.account)
        now = timezone.now()
        self.alarm = Alarm.objects.create(
            console=self.console,
            connector_name="HubSpot",
            account_connector=self.connector,
            began_at=now,
            newest_at=now,
            member_count=1,
            open_count=1,
            account_count=1,
        )
        AlarmMember.objects.create(
            alarm=self.alarm,
            account_connector=self.connector,
            trouble=Trouble.NOT_WORKING,
            began_at=now,
        )
        self.call = self.make_call()

    def make_call(self) -> MethodCall:
        """A call that waits for a worker."""
        call = MethodCall(
            account_connector=self.connector,
            submission=uuid.uuid4(),
            release_id=self.release.release_id,
            method_key=METHOD_KEY,
            method_id=7001,
            method_name="List contacts",
            is_writing=False,
        )
        call.actor = Actor.staff(self.owner)
        call.encrypted_input = CallInput().encrypted(call)
        call.save()
        return call

    def _fill_settings(self) -> None:
        self.default = DefaultConnector.objects.create(
            console=self.console,
            installs_by="id",
            release_id=self.release.release_id,
            connector_name="HubSpot",
            connector_version="1.0",
            name="HubSpot",
        )
        Method.objects.create(
            console=self.console,
            release_id=self.release.release_id,
            key=METHOD_KEY,
            method_id=7001,
            name="List contacts",
            kind="Action",
        )
        self.rule = NotificationRule.objects.create(console=self.console)
        self.error_webhook = error_webhooks.make(self.console, self.owner)

    # ---- what is only made when an address asks for it ----

    @cached_property
    def saved_call(self) -> SavedCall:
        """A colleague's, shared."""
        saved = SavedCall(
            console=self.console,
            method_key=METHOD_KEY,
            method_name="List contacts",
            name="Nightly",
            owner=self.owner,
            is_shared=True,
        )
        saved.encrypted_input = CallInput().encrypted(saved)
        saved.save()
        return saved

    @cached_property
    def view(self) -> SavedView:
        """A colleague's, shared in the console."""
        return SavedView.objects.create(
            user=self.owner, console=self.console, name=f"{self.word} view", is_shared=True
        )

    @cached_property
    def delivery(self) -> WebhookDelivery:
        """One of the console's webhook that was given up."""
        webhook, _ = webhooks.create(self.console, "https://example.com/", self.owner)
        notification = Notification.objects.create(
            console=self.console, account=self.account, kind="connected", message="m", url="/"
        )
        return WebhookDelivery.objects.create(
            webhook=webhook,
            notification=notification,
            state="failed",
            finished_at=timezone.now(),
            last_error="No.",
        )

    @cached_property
    def run(self) -> BulkRun:
        """A preview of installs with one line."""
        return self._make_run("installs.install", BulkRun(connector=self.release))

    @cached_property
    def campaign(self) -> BulkRun:
        """One that has ended, with a link."""
        run = self._make_run(planning.KIND, BulkRun())
        run.state, run.started_at, run.ended_at = RunState.ENDED, timezone.now(), timezone.now()
        run.save()
        row = run.rows.get()
        row.operation = make_operation(
            kind=planning.KIND,
            account=self.account,
            state=State.DONE,
            finished_at=timezone.now(),
        )
        row.save()
        make_link(connectors=[self.connector], run=run, row=row, recipient_email="ann@shop.example")
        return run

    def _make_run(self, kind: str, run: BulkRun) -> BulkRun:
        run.kind, run.title, run.console = kind, f"{self.word} run", self.console
        run.actor = Actor.staff(self.owner)
        run.save()
        BulkRow.objects.create(run=run, number=1, account=self.account, label="x")
        return run

    @cached_property
    def failed_operation(self) -> Operation:
        """One that a person may look at."""
        operation = make_operation(account=self.account)
        Operation.objects.filter(pk=operation.pk).update(
            state=State.FAILED, reason=Reason.REFUSED, error="No.", finished_at=timezone.now()
        )
        operation.refresh_from_db()
        return operation

    @cached_property
    def onboarding(self) -> OnboardingRun:
        """A plan with one step."""
        run = OnboardingRun(console=self.console, account=self.account, name=self.account.name)
        run.actor = Actor.staff(self.owner)
        run.save()
        return run

    @cached_property
    def step(self) -> OnboardingStep:
        """The step of the plan."""
        return OnboardingStep.objects.create(
            run=self.onboarding,
            position=1000,
            kind=StepKind.CONNECTOR,
            title="Install HubSpot",
            connector=self.release,
        )

    @cached_property
    def table(self) -> OnboardingTable:
        """A table that has not begun."""
        table = OnboardingTable(console=self.console)
        table.actor = Actor.staff(self.owner)
        table.save()
        return table

    @cached_property
    def check(self) -> ConsoleCheck:
        """Somebody else's try of credentials for the console."""
        return ConsoleCheck.objects.create(
            submission=uuid.uuid4(),
            kind=CheckKind.CREDENTIALS,
            console=self.console,
            requested_by=self.owner,
            name=self.console.name,
            api_url="https://api.cyclr.com",
            service_url="https://acme-h.cyclr.com",
            client_id="x",
        )

    @cached_property
    def invitation(self) -> Invitation:
        """Into this console."""
        invitations.invite(self.admin, f"new-{self.word}@desk.example", Role.VIEWER, self.console)
        return Invitation.objects.get(email=f"new-{self.word}@desk.example")

    @cached_property
    def invitation_token(self) -> str:
        """What the address of the invitation holds."""
        mail = self.invitation.mails.get()
        return encryption.decrypt(mail.encrypted_token, associated_data=mail.associated_data)

    @cached_property
    def authenticator(self) -> Authenticator:
        """The owner's app."""
        seed = encryption.encrypt("A" * 32, associated_data="tests")
        return Authenticator.objects.create(
            user=self.owner, type=Authenticator.Type.TOTP, data={"secret": seed}
        )

    @cached_property
    def session(self) -> Session:
        """In which the owner is signed in."""
        signed_in(self.owner)
        return Session.objects.get(user=self.owner)

    @cached_property
    def token(self) -> Any:
        """Of the owner's, for programs."""
        from dashboard.api import tokens

        return tokens.make(
            self.owner,
            "Ticket system",
            scopes=tuple(Scope),
            role=Role.LEAD,
            console=self.console,
            lives_for=timedelta(days=30),
        )[0]

    @cached_property
    def attempt(self) -> ConnectAttempt:
        """A start of the link."""
        return ConnectAttempt.objects.create(item=self.link.items.get())

    # ---- addresses ----

    def key(self, place: str) -> Any:
        """What stands for this world's thing at a place of an address. KeyError: none is known."""
        told = KEYS[place]
        return told(self) if callable(told) else told

    def url(self, address: Address, **instead: Any) -> str:
        """The address of this world's thing; `instead`: other keys by their names."""
        keys = {
            name: instead[name] if name in instead else self.key(place)
            for name, place in address.keys.items()
        }
        return reverse(address.name, kwargs=keys)


KEYS: dict[str, Any] = {
    "accounts/<int:pk>": lambda w: w.account.pk,
    "accounts/<int:pk>/install/<int:connector_pk>": lambda w: w.release.pk,
    "accounts/<int:pk>/templates/<int:template_pk>": lambda w: w.template.pk,
    "accounts/onboard/runs/<str:reference>": lambda w: w.step.run.reference,
    "accounts/onboard/runs/<str:reference>/steps/<int:pk>": lambda w: w.step.pk,
    "accounts/onboard/tables/<str:reference>": lambda w: w.table.reference,
    "alarms/<int:pk>": lambda w: w.alarm.pk,
    "bulk/<slug:reference>": lambda w: w.run.reference,
    "connectors/<int:pk>": lambda w: w.connector.pk,
    "connectors/<int:pk>/methods/<slug:key>": METHOD_KEY,
    "connectors/<int:pk>/methods/calls/<int:call_pk>": lambda w: w.call.pk,
    "connectors/<int:pk>/methods/saved/<int:saved_pk>": lambda w: w.saved_call.pk,
    "connectors/run/<slug:what>": "test",
    "connectors/views/<int:pk>": lambda w: w.view.pk,
    "cycles/<int:pk>": lambda w: w.cycle.pk,
    "library/<int:pk>": lambda w: w.release.pk,
    "library/<int:pk>/methods/<slug:key>": METHOD_KEY,
    "library/<int:pk>/older/<int:release_id>": lambda w: w.release.release_id,
    "links/<int:pk>": lambda w: w.link.pk,
    "links/<int:pk>/qr.<str:kind>": "svg",
    "links/campaigns/<slug:reference>": lambda w: w.campaign.reference,
    "links/launch/<int:pk>": lambda w: w.launch_link.pk,
    "me/sessions/<int:pk>": lambda w: w.session.pk,
    "operations/<slug:reference>": lambda w: w.operation.reference,
    "security/<int:pk>": lambda w: w.authenticator.pk,
    "settings/console/<int:pk>": lambda w: w.console.pk,
    "settings/consoles/<int:pk>": lambda w: w.console.pk,
    "settings/consoles/checks/<int:pk>": lambda w: w.check.pk,
    "settings/defaults/<int:pk>": lambda w: w.default.pk,
    "settings/defaults/new/<int:pk>": lambda w: w.release.pk,
    "settings/error-webhook/<int:pk>": lambda w: w.console.pk,
    "settings/error-webhook/<int:pk>/accounts/<int:account_pk>": lambda w: w.account.pk,
    "settings/notifications/<int:console_pk>": lambda w: w.console.pk,
    "settings/notifications/<int:pk>": lambda w: w.rule.pk,
    "settings/people/<int:pk>": lambda w: w.colleague.pk,
    "settings/people/invitations/<int:pk>": lambda w: w.invitation.pk,
    "settings/proof/<int:pk>": lambda w: w.connector.pk,
    "settings/tokens/<int:pk>": lambda w: w.token.pk,
    "settings/webhook/<int:pk>": lambda w: w.delivery.webhook.console_id,
    "settings/webhook/<int:pk>/deliveries/<int:delivery_pk>": lambda w: w.delivery.pk,
    "sync-health/<int:pk>": lambda w: w.console.pk,
    "templates/<int:pk>": lambda w: w.template.pk,
}
"""What fills each place of staff's addresses, by the route up to it."""
NO_THING = {
    "connectors/run/<slug:what>": "what is done to a selection that comes by POST",
    "links/<int:pk>/qr.<str:kind>": "the kind of picture",
    "connectors/<int:pk>/methods/<slug:key>": "the same method in every console that has it",
    "library/<int:pk>/methods/<slug:key>": "the same method in every console that has it",
    "library/<int:pk>/older/<int:release_id>": "Cyclr's number of a release",
}
"""Places at which no row of a console stands, and what does."""
