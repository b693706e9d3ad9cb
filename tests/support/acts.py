"""What a press of each button needs, and what the trail then says."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client
from django.utils import timezone

from dashboard.alarms.models import Alarm
from dashboard.api import tokens
from dashboard.api.models import ApiToken
from dashboard.api.scopes import Scope
from dashboard.audit.models import Actor, HeadSending
from dashboard.bulk.models import BulkRow, BulkRun, RunState
from dashboard.common import encryption
from dashboard.connectors.models import ConnectionTestMethod
from dashboard.consoles.models import Console
from dashboard.defaults.models import DefaultConnector
from dashboard.error_webhook.models import ErrorWebhook
from dashboard.launches.models import LaunchLink
from dashboard.links.mail import own_texts
from dashboard.links.mail.own_texts import Texts
from dashboard.links.models import EmailText, Link
from dashboard.mirror.sync.stopping import stop_sync
from dashboard.notifications import webhooks
from dashboard.onboarding.models import OnboardingRun, OnboardingStep
from dashboard.onboarding.models import RunState as OnboardingState
from dashboard.people.models import Role, User
from dashboard.sessions.models import Session
from dashboard.settings_pages.email_texts import version_of
from dashboard.sign_in import passwords
from tests.factories import PASSWORD, make_user
from tests.pages import signed_in
from tests.support.forms import fields_of
from tests.support.world import World

Values = dict[str, Any]


@dataclass(frozen=True)
class Act:
    """One press that does something. `entries`: the actions that the trail has of it, in order.

    `before` puts the world into the state in which it can be pressed, for this person. `values`
    are what is typed into the form that the page shows, or all that is sent.
    """

    entries: tuple[str, ...]
    values: Values | Callable[[World], Values] = field(default_factory=dict)
    before: Callable[[World, User], object] = lambda world, user: None
    keys: Callable[[World, User], Values] = lambda world, user: {}
    is_staff: bool = True
    is_refused: bool = False
    """What is recorded is that it was refused."""
    browse: Callable[[Client, World], object] = lambda browser, world: None
    """What the same browser did before."""
    query: Callable[[World], str] = lambda world: ""
    seen: Callable[[str], Values] = lambda page: {}
    """What is typed because the page shows it."""
    headers: Callable[[World], dict[str, str]] | None = None
    """Of a program, which has a token and sends JSON."""

    def sent(self, browser: Client, url: str, world: World, *, reads: bool) -> Values:
        """What the browser sends."""
        values = self.values(world) if callable(self.values) else self.values
        if not reads or not self.is_staff or self.headers is not None:
            return values
        page = browser.get(url).content.decode()
        return fields_of(page, url) | values | self.seen(page)

    def told(self, world: World) -> Values:
        """What else a program sends."""
        if self.headers is None:
            return {}
        return {"content_type": "application/json", "headers": self.headers(world)}


def _alarm(**columns: Any) -> Callable[[World, User], object]:
    return lambda w, user: Alarm.objects.filter(pk=w.alarm.pk).update(**columns)


def _owned(world: World, user: User) -> None:
    _alarm(owner=user, owned_since=timezone.now())(world, user)


def _run(state: RunState, **columns: Any) -> Callable[[World, User], object]:
    started = {"started_at": timezone.now()}
    return lambda w, user: BulkRun.objects.filter(pk=w.run.pk).update(
        state=state, **started | columns
    )


def _soon(world: World, user: User) -> None:
    moment = timezone.now() + timedelta(days=1)
    Link.objects.update(expires_at=moment)
    LaunchLink.objects.update(expires_at=moment)


def _campaign_soon(world: World, user: User) -> None:
    assert world.campaign.links.exists()
    _soon(world, user)


def _session(world: World, user: User) -> Values:
    signed_in(user)
    newest = Session.objects.filter(user=user).latest("pk")
    return {"pk": newest.pk}


def _two_defaults(world: World, user: User) -> None:
    DefaultConnector.objects.create(
        console=world.console,
        installs_by="id",
        release_id=1,
        connector_name="Slack",
        name="Slack",
        position=1,
    )


def _proof(world: World, user: User) -> None:
    ConnectionTestMethod.objects.create(
        console=world.console,
        connector_name=world.connector.connector_name,
        connector_version=world.connector.connector_version,
        method_id="7001",
        method_name="List contacts",
        changed_at=timezone.now(),
    )


def _passkey(world: World, user: User) -> Values:
    made = Authenticator.objects.create(
        user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "Laptop", "credential": {}}
    )
    return {"pk": made.pk}


def _own_text(world: World, user: User) -> None:
    message = own_texts.messages()[0].name
    EmailText.objects.create(
        console=world.console, message=message, language="en", subject="Connect it"
    )


def _wording(world: World) -> str:
    message = own_texts.messages()[0].name
    words = {"console": world.console.pk, "message": message, "language": "en"}
    return urlencode(words | {"version": version_of(Texts(subject="Connect it"))})


def _code_on(page: str) -> Values:
    """What an authenticator app shows for the key on the page."""
    seed = re.search(r'data-copy-text="([A-Z2-7 ]+)"', page)
    assert seed is not None
    counter = int(timezone.now().timestamp()) // 30
    return {"code": format_hotp_value(hotp_value(seed[1].replace(" ", ""), counter))}


def _kept_entries(world: World, user: User) -> None:
    failed = world.failed_operation
    failed.encrypted_input = encryption.encrypt_json({}, associated_data=failed.associated_data)
    failed.save()


def _failed_row(world: World, user: User) -> None:
    _run(RunState.ENDED, ended_at=timezone.now())(world, user)
    BulkRow.objects.filter(run=world.run).update(
        operation=world.failed_operation, encrypted_input="x"
    )


def _onboarding(run: OnboardingState, **step: Any) -> Callable[[World, User], object]:
    def put(world: World, user: User) -> None:
        OnboardingStep.objects.filter(pk=world.step.pk).update(**step)
        started = {"state": run, "started_at": timezone.now(), "actor_user": user}
        OnboardingRun.objects.filter(pk=world.onboarding.pk).update(**started)

    return put


def _of_program(world: World) -> dict[str, str]:
    token, plain = tokens.make(
        world.owner,
        "Ticket system",
        scopes=tuple(Scope),
        role=Role.LEAD,
        console=world.console,
        lives_for=timedelta(days=30),
    )
    ApiToken.objects.filter(pk=token.pk).update(used_at=timezone.now())
    return {"Authorization": f"Bearer {plain}", "Idempotency-Key": "ticket-1"}


PUBLIC = {"service_url": "https://acme-h.cyclr.com", "api_url": "https://api.cyclr.com"}

ACTS: dict[str, Act] = {
    # the sync and alarms
    "overview_sync_stop": Act(("sync.stop",)),
    "overview_sync_resume": Act(
        ("sync.resume",), before=lambda w, user: stop_sync(w.console, Actor.system())
    ),
    "alarm_take": Act(("alarms.take",)),
    "alarm_release": Act(("alarms.release",), before=_owned),
    "alarm_hand_over": Act(
        ("alarms.hand_over",), lambda w: {"to": make_user(Role.AGENT, console=w.console).pk}
    ),
    "alarm_snooze": Act(("alarms.snooze",)),
    "alarm_wake": Act(
        ("alarms.wake",), before=_alarm(snoozed_until=timezone.now() + timedelta(days=9))
    ),
    # accounts and connectors
    "account_export": Act(("exported a list",)),
    "account_tag_many": Act(("accounts.tag",), {"add": "vip"}),
    "account_tags": Act(("accounts.tag",), {"tags": "vip"}),
    "connector_schedule": Act(("connectors.schedule_tests",)),
    "connector_export": Act(("exported a list",)),
    "connector_view_save": Act(
        ("fleet.view.share",), {"name": "Broken ones", "query": "", "is_shared": "on"}
    ),
    "connector_view_remove": Act(("fleet.view.remove",)),
    "method_call_save": Act(("methods.save_call",)),
    "saved_call_delete": Act(("methods.delete_saved_call",)),
    "method_mark": Act(("methods.mark",)),
    # links
    "link_new": Act(("links.create",)),
    "link_edit": Act(("links.edit",), {"message": "Please connect it."}),
    "link_send": Act(("links.mail",)),
    "link_sent": Act(("links.sent",)),
    "link_extend": Act(("links.extend",), before=_soon),
    "link_revoke": Act(("links.revoke",)),
    "link_export": Act(("exported a list",)),
    "launch_link_new": Act(("launches.create",)),
    "launch_link_send": Act(("launches.mail",), {"recipient_email": "ann@example.com"}),
    "launch_link_extend": Act(("launches.extend",), before=_soon),
    "launch_link_revoke": Act(("launches.revoke",)),
    "campaign_table": Act(("exported a list",)),
    "campaign_resend": Act(("links.resend_all",)),
    "campaign_extend": Act(("links.extend_all",), before=_campaign_soon),
    "campaign_revoke": Act(("links.revoke_all",), {"word": "revoke"}),
    "campaign_export": Act(("bulk.export",)),
    "link_send_anew": Act(
        ("links.extend", "links.mail"),
        lambda w: {"submission": str(uuid.uuid4())},
        before=lambda w, user: Link.objects.update(
            expires_at=timezone.now(), is_new_link_asked=True
        ),
    ),
    "link_remind": Act(
        ("links.remind",),
        before=lambda w, user: Link.objects.update(
            has_reminders=True, reminders_ended_at=timezone.now()
        ),
    ),
    # operations and runs
    "operation_retry": Act(
        ("operations.retry",),
        before=_kept_entries,
        keys=lambda w, user: {"reference": w.failed_operation.reference},
    ),
    "bulk_run_retry": Act(("bulk.retry",), before=_failed_row),
    "onboarding_go_on": Act(
        ("onboarding.retry",), before=_onboarding(OnboardingState.HALTED, state="failed")
    ),
    "onboarding_skip": Act(
        ("onboarding.skip",), before=_onboarding(OnboardingState.HALTED, state="failed")
    ),
    "onboarding_stop": Act(("onboarding.stop",), before=_onboarding(OnboardingState.RUNNING)),
    "operation_export": Act(("exported a list",)),
    "operation_cancel": Act(("operations.cancel",)),
    "operation_dismiss": Act(
        ("operations.dismiss",), keys=lambda w, user: {"reference": w.failed_operation.reference}
    ),
    "bulk_run_start": Act(("bulk.start",)),
    "bulk_run_confirm": Act(
        ("bulk.confirm",),
        before=lambda w, user: BulkRow.objects.filter(run=w.run).update(
            problem="Twice.", encrypted_input="x"
        ),
    ),
    "bulk_run_pause": Act(("bulk.pause",), before=_run(RunState.RUNNING)),
    "bulk_run_resume": Act(("bulk.resume",), before=_run(RunState.PAUSED)),
    "bulk_run_end": Act(("bulk.end",), before=_run(RunState.RUNNING)),
    "bulk_run_export": Act(("bulk.export",)),
    "onboarding_table_start": Act(("onboarding.table_start",)),
    "onboarding_table_stop": Act(("onboarding.table_stop",)),
    "onboarding_table_export": Act(("onboarding.table_export",)),
    # settings
    "settings_error_webhook_make": Act(
        ("error_webhook.make",), before=lambda w, user: ErrorWebhook.objects.all().delete()
    ),
    "settings_error_webhook_rotate": Act(("error_webhook.rotate",)),
    "default_new": Act(
        ("defaults.add",), before=lambda w, user: DefaultConnector.objects.all().delete()
    ),
    "default_edit": Act(("defaults.change",), {"name": "HubSpot EU"}),
    "default_move": Act(("defaults.move",), {"down": ""}, before=_two_defaults),
    "default_remove": Act(("defaults.remove",)),
    "notification_rule_new": Act(
        ("notifications.rule_save",), lambda w: {"people": [str(w.owner.pk)]}
    ),
    "notification_rule_edit": Act(
        ("notifications.rule_save",), lambda w: {"people": [str(w.owner.pk)]}
    ),
    "notification_rule_remove": Act(("notifications.rule_remove",)),
    "settings_webhook": Act(
        ("changed the webhook's address",), {"url": "https://example.com/other"}
    ),
    "settings_webhook_rotate": Act(("changed the webhook's secret",)),
    "settings_webhook_end_secret": Act(
        ("ended the webhook's former secret",),
        before=lambda w, user: webhooks.rotate(w.delivery.webhook, user),
    ),
    "settings_webhook_switch": Act(("switched the webhook off",)),
    "settings_webhook_test": Act(("tested the webhook",)),
    "settings_webhook_again": Act(("sent a message to the webhook again",)),
    "settings_features": Act(("features.switch_off",), {"was": ["audit.exports"], "on": []}),
    "email_text_reset": Act(("settings.email_text",), before=_own_text, query=_wording),
    "test_method_identity": Act(
        ("connectors.choose_proof",), {"path": "company.name"}, before=_proof
    ),
    "test_method_schedule": Act(
        ("connectors.schedule_tests",), {"every_hours": "24"}, before=_proof
    ),
    "test_method_remove": Act(("connectors.drop_proof",), before=_proof),
    "settings_audit_heads": Act(("audit.heads_to",), {"email": "trail@auditor.example"}),
    "settings_audit_heads_send": Act(
        ("audit.send_heads",),
        before=lambda w, user: HeadSending.objects.create(email="trail@auditor.example"),
    ),
    "settings_retention": Act(("audit.keep_for",), {"days": "400"}),
    "brand_edit": Act(("settings.brand",), {"partner_name": "Larkfield"}),
    "email_text_edit": Act(("settings.email_text",), {"subject": "Please connect"}),
    "console_detail": Act(
        ("console_setup.change",),
        {"name": "Another name"},
        before=lambda w, user: Console.objects.filter(pk=w.console.pk).update(**PUBLIC),
    ),
    "console_retire": Act(("console_setup.retire",), lambda w: {"confirm": w.console.name}),
    "console_restore": Act(
        ("console_setup.restore",),
        before=lambda w, user: Console.objects.filter(pk=w.console.pk).update(
            retired_at=timezone.now(), **PUBLIC
        ),
    ),
    "audit_export": Act(("exported the audit trail",)),
    # people
    "invitation_new": Act(
        ("people.invite",), {"email": "new@desk.example", "role": "1", "console": "all"}
    ),
    "invitation_resend": Act(("people.invite_again",)),
    "invitation_withdraw": Act(("people.withdraw_invitation",)),
    "person_role": Act(
        ("people.change_role",),
        lambda w: {"role": "3", "was": "1", "console": str(w.console.pk)},
    ),
    "person_deactivate": Act(("people.deactivate",)),
    "person_reactivate": Act(
        ("people.reactivate",),
        before=lambda w, user: User.objects.filter(pk=w.colleague.pk).update(is_active=False),
    ),
    "person_end_sessions": Act(("people.end_sessions",)),
    "profile": Act(("people.rename",), {"name": "Another name"}),
    "profile_end_session": Act(("people.end_session",), keys=_session),
    "profile_end_others": Act(("people.end_other_sessions",), before=_session),
    "password_change": Act(
        ("changed their password",),
        {"current": PASSWORD, "new": "quite another long one", "again": "quite another long one"},
    ),
    "factor_remove": Act(
        ("removed an authenticator app",),
        before=lambda w, user: type(w.authenticator).objects.update(user=user),
    ),
    "reauthenticate": Act(
        ("did not confirm who they are",), {"password": "a wrong password"}, is_refused=True
    ),
    "app_add": Act(("added an authenticator app",), seen=_code_on),
    "passkey_rename": Act(("renamed a passkey",), {"name": "Work laptop"}, keys=_passkey),
    "sign_out": Act(("signed out",)),
    "recovery_codes": Act(
        ("made new recovery codes",),
        before=lambda w, user: type(w.authenticator).objects.update(user=user),
    ),
    # who is not signed in
    "password_new": Act(
        ("changed their password",),
        {"new": "quite another long one", "again": "quite another long one"},
        browse=lambda browser, w: browser.get(urlsplit(passwords.link_for(w.owner)).path),
        is_staff=False,
    ),
    "sign_in": Act(
        ("signed in",), lambda w: {"email": w.admin.email, "password": PASSWORD}, is_staff=False
    ),
    "invitation": Act(
        ("people.accept_invitation",),
        {"name": "New", "password": "quite another long one", "again": "quite another long one"},
        keys=lambda w, user: {"token": w.invitation_token},
        is_staff=False,
    ),
    "link_ask": Act(
        ("links.ask",),
        before=lambda w, user: Link.objects.update(expires_at=timezone.now()),
        keys=lambda w, user: {"token": w.link.token()},
        is_staff=False,
    ),
    "link_reminders": Act(
        ("links.unsubscribe",),
        before=lambda w, user: Link.objects.update(has_reminders=True),
        keys=lambda w, user: {"token": w.link.token()},
        is_staff=False,
    ),
    # programs
    "api_link_list": Act(
        ("links.create", "api.write"),
        lambda w: {"account": w.account.pk, "connectors": [w.connector.pk]},
        before=lambda w, user: Link.objects.all().delete(),
        is_staff=False,
        headers=_of_program,
    ),
    "api_account_refresh": Act(
        ("api.write",),
        keys=lambda w, user: {"key": w.account.pk},
        is_staff=False,
        headers=_of_program,
    ),
    "api_connector_refresh": Act(
        ("api.write",),
        keys=lambda w, user: {"key": w.connector.pk},
        is_staff=False,
        headers=_of_program,
    ),
    "mcp": Act(
        ("api.write",),
        lambda w: {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "refresh_account", "arguments": {"id": w.account.pk}},
        },
        is_staff=False,
        headers=_of_program,
    ),
    "token_list": Act(("api.make_token",), {"name": "Tickets", "scopes": ["accounts:read"]}),
    "token_revoke": Act(("api.revoke_token",)),
}
"""By the name of the address."""
