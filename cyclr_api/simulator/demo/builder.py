"""The default state, the same for the same seed: customers, connectors, what they installed."""

import base64
import functools
import itertools
import json
import random
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cyclr_api.simulator.demo import icons, workflows
from cyclr_api.simulator.demo.customers import CUSTOMERS, HARBOUR_BOOKS
from cyclr_api.simulator.demo.edge_cases import connector, edge_case_connectors, method, parameter
from cyclr_api.simulator.state.state import FORMAT, CyclrState
from cyclr_api.simulator.state.values import JSON, OWN, Connector, cyclr_time
from cyclr_api.simulator.worldfile.reading import new_state

SEED = 20240304

CREDENTIALS: list[JSON] = [
    {"ClientId": "desk-demo", "ClientSecret": "demo-secret-not-for-production"},
    {"ClientId": "desk-second", "ClientSecret": "second-secret-not-for-production"},
]

FACTS = Path(__file__).with_name("facts.json")
"""Real connectors with their published facts; one row a line."""

OLD_RELEASES = [("Salesforce", 16278), ("HubSpot", 16293), ("MailChimp", 15718), ("Slack", 15764)]
"""Releases of an earlier catalogue, deprecated since; account connectors may still use them."""

NEW_SINCE = {"Dc"}
"""Settings that those releases did not have yet."""
EARLIER = {"Scopes": {"Name": "Scope", "IsOptional": False, "Values": ["read", "write"]}}
"""What they said otherwise of settings."""

WITHOUT_APP = {"eBay", "Phrase", "Brightspace", "Capsule"}
"""OAuth connectors of the facts whose app is not set at partner level."""

EDGE_CASE_APPS = {
    "Parcel Desk",
    "Three Doors",
    "Second Door First",
    "Old Handshake",
    "Unknown Grant",
}
"""Invented OAuth connectors whose app is set at partner level."""

PARTNER_NAMES = {"Client ID": "ClientId", "Unique Identifier": "ClientId"}

POPULAR = [
    "HubSpot",
    "Shopify",
    "Salesforce",
    "MailChimp",
    "Slack",
    "Xero (OAuth2.0)",
    "QuickBooks",
    "Pipedrive",
    "Zendesk",
    "WooCommerce",
    "JIRA",
    "Klaviyo",
    "SendGrid",
    "Freshdesk",
    "Microsoft Teams",
    "SugarCRM",
    "BambooHR",
    "Airtable",
    "PingOne",
    "WordPress",
    "Generic Webhook",
    "PostgreSQL Table",
    "SFTP Private Key",
    "Parcel Desk",
    "Till Cloud",
    "Three Doors",
    "Chargebee",
    "DocuSign",
    "Insightly",
    "Magento 2",
]

UNAUTHENTICATED = 0.12

INSTALLED = 150

START = datetime(2022, 3, 1, 9, 0, tzinfo=UTC)
END = datetime(2026, 10, 1, 17, 0, tzinfo=UTC)


def demo_state(seed: int | None = None) -> CyclrState:
    """Accounts and connectors as a support desk meets them: the default state.

    A state of its own; the first call for a seed builds it, the others copy.
    """
    return _built(SEED if seed is None else seed).copy()


def empty_state() -> CyclrState:
    """No accounts, no connectors; one pair of credentials."""
    return new_state({"Format": FORMAT, "Credentials": CREDENTIALS})


@functools.lru_cache(maxsize=4)
def _built(seed: int) -> CyclrState:
    return Builder(seed).state()


class Builder:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = random.Random(seed)  # noqa: S311 (the same state for the same seed)
        self.parameter_id = itertools.count(880001).__next__
        self.oauth_apps: set[str] = set(EDGE_CASE_APPS)

    def state(self) -> CyclrState:
        connectors = [*self._real(), *edge_case_connectors(self.guid, self.parameter_id)]
        connectors += self._old_releases(connectors)
        accounts = [self.account(*customer) for customer in CUSTOMERS]
        users = {account["Id"]: self.users(account) for account in accounts}
        installed = self._installed(connectors, accounts)
        self._age_old_releases(connectors)
        state = new_state(
            {
                "Format": FORMAT,
                "Seed": self.seed,
                "Credentials": CREDENTIALS,
                "OAuthApps": sorted(self.oauth_apps),
                "Connectors": connectors,
                "Accounts": accounts,
                "Users": users,
                "AccountConnectors": installed,
            }
        )
        workflows.add_workflows(state)
        for one in state.connectors.values():
            _ = one.encoded
        return state

    # -- connectors --------------------------------------------------------------------------

    def _real(self) -> list[JSON]:
        spare = itertools.count(17401)
        rows = json.loads(FACTS.read_text(encoding="utf-8"))
        return [self._from_facts(row, row["id"] or next(spare)) for row in rows]

    def _from_facts(self, row: JSON, number: int) -> JSON:
        methods = [self._method(row, *names) for names in row["methods"]]
        own = [
            parameter(
                self.parameter_id,
                entry["name"],
                Name=entry["label"],
                Description=_sentence(entry.get("help")),
                IsOptional=entry.get("optional", False),
                IsSensitive=entry.get("secret", False),
                Values=entry.get("values", []),
                DataType="Integer" if entry["label"] in ("Port", "SSH Port") else "Text",
            )
            for entry in row.get("parameters", [])
        ]
        partner = self._partner_parameters(row, {entry["TargetName"] for entry in own})
        return connector(
            number,
            row["name"],
            methods,
            Description=None if number % 3 == 0 else f"Connect {row['name']} to your workflows.",
            Status=row.get("status", "Approved"),
            Version=row["version"],
            Icon=self._icon(row["name"], number),
            Categories=row["categories"],
            Parameters=partner + own,
        )

    def _method(self, row: JSON, auth_type: str, grant: str = "Unknown") -> JSON:
        label, help_text = row.get("key_label"), row.get("key_help")
        if auth_type not in ("ApiKey", "Basic") or label is None:
            return method(self.guid(), auth_type, grant)
        return method(
            self.guid(),
            auth_type,
            grant,
            AuthDescription=f"{label}: {help_text}" if help_text else label,
        )

    def _partner_parameters(self, row: JSON, taken: set[str]) -> list[JSON]:
        """Values of the OAuth app: the partner's, or, where it left them blank, the account's."""
        labels = row.get("partner", [])
        if not labels:
            return []
        is_set = row["name"] not in WITHOUT_APP
        if is_set:
            self.oauth_apps.add(row["name"])
        names = [PARTNER_NAMES.get(label, label.replace(" ", "")) for label in labels]
        return [
            parameter(
                self.parameter_id,
                name,
                Name=label,
                IsAccountConnectorProperty=not is_set,
                IsSensitive=name == "ClientSecret",
                IsOptional=name not in ("ClientId", "ClientSecret"),
            )
            for label, name in zip(labels, names, strict=True)
            if name not in taken
        ]

    def _old_releases(self, connectors: list[JSON]) -> list[JSON]:
        found = []
        for name, number in OLD_RELEASES:
            live = next(one for one in connectors if one["Name"] == name)
            parameters = [
                {**entry, "Id": self.parameter_id()} for entry in live["Parameters"] or []
            ]
            found.append(
                {**live, "Id": number, "Parameters": parameters, OWN: {"Release": "Deprecated"}}
            )
        return found

    def _age_old_releases(self, connectors: list[JSON]) -> None:
        """Last, so that what is made up for installed ones stays what it always was."""
        numbers = {number for _, number in OLD_RELEASES}
        for one in connectors:
            if one["Id"] in numbers:
                one["Parameters"] = [
                    {**entry, **EARLIER.get(entry["TargetName"], {})}
                    for entry in one["Parameters"]
                    if entry["TargetName"] not in NEW_SINCE
                ]

    def _icon(self, name: str, number: int) -> str | None:
        if name in POPULAR:
            return icons.png_icon(name)
        if number % 17 == 0:
            return None
        if number % 23 == 0:
            return icons.svg_icon(icons.SVG_PLAIN)
        return icons.png_icon(name)

    # -- accounts ----------------------------------------------------------------------------

    def account(self, account_id: str | None, name: str, zone: str) -> JSON:
        chance = self.random
        created = self._moment(START, END)
        if account_id and account_id.startswith("hostile-"):
            created -= END - START  # so that they are the last by activity too
        has_webhook = chance.random() < 0.3
        return {
            "Id": account_id or self.guid(),
            "Name": name,
            "Description": chance.choice([None, None, "", "Imported from the old system."]),
            "CreatedDate": cyclr_time(created),
            "AuditInfo": chance.choice([None, "plan=pro"]),
            "TaskAuditInfo": None,
            "Timezone": zone,
            "NextBillDateUtc": f"{END + timedelta(days=31):%Y-%m-01T00:00:00Z}",
            "StepDataSuccessRetentionHours": chance.choice([None, 24, 168]),
            "StepDataErroredRetentionHours": chance.choice([None, 72, 744]),
            "TransactionErrorWebhookEnabled": has_webhook,
            "TransactionErrorWebhookUrl": "https://hooks.example/cyclr" if has_webhook else None,
            "TransactionErrorWebhookIncludeWarnings": False,
        }

    def users(self, account: JSON) -> list[str]:
        count = self.random.choice([0, 1, 1, 2])
        return [f"owner{n}@customer-{self.random.randrange(1000)}.example" for n in range(count)]

    # -- what is installed -------------------------------------------------------------------

    def _installed(self, connectors: list[JSON], accounts: list[JSON]) -> list[JSON]:
        by_name = {one["Name"]: one for one in connectors if not self._is_old(one)}
        old = {one["Name"]: one for one in connectors if self._is_old(one)}
        numbers, properties = itertools.count(90101), itertools.count(551001)
        left_out = {round(n / UNAUTHENTICATED) for n in range(1, INSTALLED)}
        found: list[JSON] = []

        def add(account: JSON, name: str, label: str, is_authenticated: bool | None = None) -> None:
            release = by_name[name]
            if name in old and account is not harbour and self.random.random() < 0.25:
                release = old[name]
            if is_authenticated is None:
                is_authenticated = len(found) not in left_out
            found.append(
                self.account_connector(
                    account, release, label, next(numbers), properties, is_authenticated
                )
            )

        harbour = next(one for one in accounts if one["Id"] == HARBOUR_BOOKS)
        add(harbour, "HubSpot", "HubSpot", is_authenticated=False)
        add(harbour, "Shopify", "Shopify", is_authenticated=True)
        add(harbour, "MailChimp", "MailChimp", is_authenticated=True)
        busy = accounts[1]
        for name in POPULAR:
            add(busy, name, name)
        add(busy, "Slack", "Slack (warehouse team)")
        add(busy, "Partner Product", "Lantern Link")
        found[-1]["IsPartnerIntegrationConnector"] = True
        for name in ("Every Type", "Sixty Questions", "Borrowed Names", "Kerberos Vault"):
            add(accounts[7], name, name)
        for account in accounts:
            if account["Id"].startswith("hostile-markup"):
                add(account, "Pipedrive", '"><script>alert("connector")</script>')
                add(account, "Freshdesk", "Support \u202eksed")
                add(account, "Helpful Markup", "   ")
        others = [one for one in accounts if one is not harbour and one is not busy]
        empty = {one["Id"] for one in others[-3:]}
        while len(found) < INSTALLED:
            account = self.random.choice(others)
            name = self.random.choice(POPULAR)
            label = self.random.choice([name, name, name, f"{name} (EU)", f"{name} - archive"])
            taken = {one["Name"] for one in found if one[OWN]["AccountId"] == account["Id"]}
            if account["Id"] not in empty and label not in taken:
                add(account, name, label)
        return found

    def _is_old(self, one: JSON) -> bool:
        return bool(one.get(OWN, {}).get("Release") == "Deprecated")

    def account_connector(
        self,
        account: JSON,
        release: JSON,
        label: str,
        number: int,
        properties: "itertools.count[int]",
        is_authenticated: bool,
    ) -> JSON:
        one = Connector(release)
        chosen = one.method(None) or {}
        auth_type = chosen.get("AuthType")
        is_authenticated = is_authenticated or auth_type == "None"
        values = [
            {"Name": name, "Value": self._value(entry), "Id": next(properties)}
            for name, entry in {
                entry["TargetName"]: entry
                for entry in one.parameters
                if entry.get("IsAccountConnectorProperty")
                and (not entry.get("IsOptional") or self.random.random() < 0.4)
            }.items()
        ]
        created = datetime.fromisoformat(account["CreatedDate"][:19] + "+00:00")
        return {
            "Id": number,
            "Name": label,
            "Description": self.random.choice([None, None, "", "Set up by the support team."]),
            "AuthValue": self._auth_value(chosen) if is_authenticated else None,
            "Authenticated": is_authenticated,
            "IsPartnerIntegrationConnector": False,
            "Properties": values,
            "CustomFields": [],
            OWN: {
                "AccountId": account["Id"],
                "ConnectorId": release["Id"],
                "AuthenticationId": chosen.get("Id"),
                "InstalledAt": cyclr_time(self._moment(created, END + timedelta(days=30))),
            },
        }

    def _auth_value(self, chosen: JSON) -> str | None:
        word = f"demo-{self.random.getrandbits(64):016x}"
        auth_type, grant = chosen.get("AuthType"), chosen.get("OAuth2Type")
        if auth_type == "None":
            return None
        if auth_type == "Basic":
            return base64.b64encode(f"demo-user:{word}".encode()).decode()
        if auth_type == "OAuth2" and grant in ("ClientCredentials", "PasswordCredentials"):
            return "{}"
        if auth_type in ("OAuth2", "OAuth1"):
            return json.dumps({"AccessToken": word, "RefreshToken": f"{word}-refresh"})
        return word

    def _value(self, entry: JSON) -> str:
        name, kind = entry["TargetName"], entry.get("DataType")
        if entry.get("Values"):
            return str(self.random.choice(entry["Values"]))
        if entry.get("IsSensitive"):
            return f"demo-{self.random.getrandbits(64):016x}"
        plain: dict[Any, str] = {
            "Integer": "5432",
            "Float": "0.5",
            "Decimal": "19.99",
            "Boolean": "true",
            "DateTime": "2025-01-31T09:30:00Z",
            "File": "report.csv",
        }
        if kind in plain:
            return plain[kind]
        if "url" in name.lower() or "domain" in name.lower() or "host" in name.lower():
            return f"customer-{self.random.randrange(100, 999)}.example"
        return f"{name.lower()}-{self.random.randrange(100, 999)}"

    # -- chance ------------------------------------------------------------------------------

    def guid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _moment(self, start: datetime, end: datetime) -> datetime:
        seconds = (end - start).total_seconds()
        return start + timedelta(seconds=self.random.random() * max(seconds, 0))


def _sentence(text: str | None) -> str | None:
    return f"{text[0].upper()}{text[1:]}." if text else None
