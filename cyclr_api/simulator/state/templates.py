"""Templates: what the partner designed, and what comes of installing one."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cyclr_api.simulator.state.account_connectors import (
    AccountConnectors,
    Installation,
    check_installation,
)
from cyclr_api.simulator.state.connectors import Connectors
from cyclr_api.simulator.state.core import Core
from cyclr_api.simulator.state.cycle import Cycle
from cyclr_api.simulator.state.cycles import Cycles
from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.values import JSON, OWN, AccountConnector, Connector

EDGE_ENDS = ("HeadStepId", "TailStepId")

COPIED = ("Steps", "Edges", "Variables")
"""What a cycle gets from its template, under `Simulator` in both."""


@dataclass(frozen=True, eq=False)
class Template:
    """One release of a template. Never changes, so states share it."""

    document: JSON = field(repr=False)

    @property
    def id(self) -> str:
        return str(self.document["Id"])

    @property
    def own(self) -> JSON:
        return self.document.get(OWN) or {}

    @property
    def name(self) -> str:
        return str(self.document.get("Name") or "")

    @property
    def release(self) -> str:
        """`Live`, `Deprecated` or `Draft`."""
        return str(self.own.get("Release") or "Live")

    @property
    def release_number(self) -> int:
        return int(self.own.get("ReleaseNumber") or 1)

    @property
    def connectors(self) -> list[JSON]:
        """As the API shows them; the world file may leave their icons out."""
        return list(self.document.get("Connectors") or [])

    @property
    def wants_fresh_connectors(self) -> bool:
        """Whether each cycle gets account connectors of its own."""
        return bool(self.own.get("FreshConnectors"))


class Templates:
    """The templates of the partner, and the folders they lie in."""

    KEYS = ("Templates", "Folders")
    """What is read from a world file, and written to it, here."""

    def __init__(
        self,
        core: Core,
        connectors: Connectors,
        account_connectors: AccountConnectors,
        cycles: Cycles,
    ) -> None:
        self._core, self._connectors = core, connectors
        self._account_connectors, self._cycles = account_connectors, cycles
        self._by_id: dict[str, Template] = {}
        self._folders: list[JSON] = []

    def read(self, document: JSON) -> None:
        """Take the part of a world file."""
        for entry in document.get("Templates") or []:
            self._keep(Template(entry))
        self._folders = list(document.get("Folders") or [])

    def dumped(self) -> JSON:
        """The part of a world file."""
        templates = [one.document for one in self._by_id.values()]
        return {"Templates": templates, "Folders": self._folders}

    def take_from(self, other: "Templates") -> None:
        """Have the same content as another state's."""
        self._by_id = dict(other._by_id)
        self._folders = [dict(folder) for folder in other._folders]

    def add(self, document: JSON | None = None, **values: Any) -> Template:
        """Put a template into the state as a world file has it, without a trace in the ledger."""
        with self._core.lock:
            template = Template({"Id": self._core.new_guid(), **(document or {}), **values})
            self._keep(template)
            self._core.changes += 1
        return template

    def add_folder(self, name: str) -> JSON:
        """Put a folder into the state, without a trace in the ledger."""
        with self._core.lock:
            folder = {"Id": self._core.new_guid(), "Name": name}
            self._folders.append(folder)
            self._core.changes += 1
        return folder

    def _keep(self, template: Template) -> None:
        if template.id.lower() in self._by_id:
            raise ValueError(f"There is a template {template.id} already.")
        if not all(isinstance(row.get("Id"), int) for row in template.connectors):
            raise ValueError(f"One of the Connectors of template {template.id} has no Id.")
        if not all(isinstance(one.get("Id"), str) for one in template.own.get("Steps") or []):
            raise ValueError(f"One of the Steps of template {template.id} has no Id.")
        self._by_id[template.id.lower()] = template

    # -- found ---------------------------------------------------------------------------------

    def listed(self) -> list[Template]:
        """The published ones."""
        return [one for one in self._by_id.values() if one.release == "Live"]

    def one(self, template_id: str) -> Template:
        """Sim: a deprecated one is found by its id and can be installed, a draft is not."""
        found = self._by_id.get(template_id.lower())
        if found is None or found.release == "Draft":
            raise ApiError(404)
        return found

    def is_newer_than(self, cycle: Cycle) -> bool:
        """Whether a cycle was made from an older release of its template."""
        template = self._by_id.get(str(cycle.document.get("TemplateId")).lower())
        made_from = cycle.own.get("TemplateRelease")
        if template is None or template.release != "Live" or made_from is None:
            return False
        return bool(made_from < template.release_number)

    def upgradeable(self, account_id: str) -> list[Cycle]:
        """The cycles whose template has a newer release."""
        return [one for one in self._cycles.of(account_id) if self.is_newer_than(one)]

    def has_folder(self, folder_id: str) -> bool:
        return any(str(folder.get("Id")).lower() == folder_id for folder in self._folders)

    # -- shown ---------------------------------------------------------------------------------

    def shown(self, template: Template, *, has_icons: bool = True) -> JSON:
        rows = [self._shown_connector(row, has_icons) for row in template.connectors]
        rest = {key: value for key, value in template.document.items() if key != OWN}
        return {"Description": None, "Tags": [], **rest, "Connectors": rows}

    def _shown_connector(self, row: JSON, has_icon: bool) -> JSON:
        release = self._connectors.get(row.get("Id") or 0)
        icon = None if release is None else release.document.get("Icon")
        return {"Icon": icon, **row} if has_icon else {**row, "Icon": None}

    def exported(self, template: Template) -> JSON:
        """Sim: a document of our own, with all that makes up a template but its id."""
        shown = self.shown(template, has_icons=False)
        names = (*COPIED, "FreshConnectors")
        own = {name: template.own[name] for name in names if name in template.own}
        return {**{key: value for key, value in shown.items() if key != "Id"}, **own}

    # -- imported, installed --------------------------------------------------------------------

    def load(self, document: JSON, own: JSON) -> Template:
        """Take in an exported document. Sim: as a new template, live at once."""
        template = self.add({**document, OWN: own})
        self._core.record("template_import", None, "api", template=template.id)
        return template

    def install(self, account_id: str, template: Template, name: str | None) -> Cycle:
        """Make a cycle, with account connectors for what it calls. Sim: it gets the tags too."""
        called = self._called(account_id, template)
        given: JSON = {
            "Name": name if name and name.strip() else template.name,
            "Description": template.document.get("Description"),
            "TemplateId": template.id,
            "Tags": list(template.document.get("Tags") or []),
        }
        if not any(step.get("ConnectorId") for step in template.own.get("Steps") or []):
            given["Connectors"] = [{"AccountConnectorId": one.id} for one in called.values()]
        own = {"TemplateRelease": template.release_number, **self._parts(template, called)}
        cycle = self._cycles.make(account_id, given, own)
        self._core.record(
            "template_install", account_id, "api", template=template.id, cycle=cycle.id
        )
        return cycle

    def _parts(self, template: Template, called: dict[int, AccountConnector]) -> JSON:
        """Steps, edges and variables under ids of their own."""
        steps = template.own.get("Steps") or []
        ids = {str(step["Id"]).lower(): self._core.new_guid() for step in steps}
        return {
            "Steps": [_step_from(step, ids, called) for step in steps],
            "Edges": [
                {**edge, "Id": self._core.new_guid(), **_renamed(edge, EDGE_ENDS, ids)}
                for edge in template.own.get("Edges") or []
            ],
            "Variables": [dict(variable) for variable in template.own.get("Variables") or []],
        }

    def _called(self, account_id: str, template: Template) -> dict[int, AccountConnector]:
        """By the template's releases: the oldest account connector of the name, else a new one.

        Nothing is installed unless everything can be.
        """
        there = [] if template.wants_fresh_connectors else self._there(account_id)
        oldest = {one.connector.name: one for one in reversed(there)}
        named = {row["Id"]: str(row.get("Name")) for row in template.connectors}
        missing = {
            number: self._release(account_id, number, name)
            for number, name in named.items()
            if name not in oldest
        }
        return {
            number: self._install(account_id, missing[number])
            if number in missing
            else oldest[name]
            for number, name in named.items()
        }

    def _there(self, account_id: str) -> list[AccountConnector]:
        return list(self._account_connectors[account_id].values())

    def _release(self, account_id: str, number: int, name: str) -> Connector:
        """A release that can be installed: the template's, else the latest of the name."""
        release = self._connectors.get(number)
        if release is None or not self._connectors.is_visible(release, account_id):
            named = self._connectors.named(name, account_id)
            release = named[0] if named else None
        if release is None:
            # Sim: status and words.
            raise ApiError(400, f"Connector '{name}' was not found.")
        check_installation(release, Installation(release.name))
        return release

    def _install(self, account_id: str, release: Connector) -> AccountConnector:
        asked = Installation(self._account_connectors.free_name(account_id, release.name))
        return self._account_connectors.install(account_id, release, asked, by="api")


def _step_from(step: JSON, ids: dict[str, str], called: dict[int, AccountConnector]) -> JSON:
    """A template's step in an account: `ConnectorId` says which connector it calls."""
    one = called.get(step.get("ConnectorId") or 0)
    rest = {key: value for key, value in step.items() if key != "ConnectorId"}
    mapped = {
        name: [_mapping_from(entry, ids) for entry in step.get(name) or []]
        for name in ("ParameterMappings", "FieldMappings")
    }
    return {
        **rest,
        **mapped,
        "Id": ids[str(step["Id"]).lower()],
        "AccountConnectorId": one and one.id,
    }


def _mapping_from(entry: JSON, ids: dict[str, str]) -> JSON:
    """What the customer is to decide is not copied [D]. Sim: that is what LAUNCH shows."""
    if entry.get("IsLaunchVisible"):
        return {"Id": entry["Id"], "IsLaunchVisible": True}
    return {**entry, **_renamed(entry, ("SourceStepId",), ids)}


def _renamed(document: JSON, names: Iterable[str], ids: dict[str, str]) -> JSON:
    return {name: ids.get(str(document.get(name)).lower()) for name in names}
