"""What connectors can do: the methods of their releases, and calling them.

A release has the methods that the world file lists for it. One that the file lists none for has
methods made up from its name and categories, when somebody first asks for them, unless the file
says that it has none.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from cyclr_api.simulator.state.answers import answer_from, pieces_of
from cyclr_api.simulator.state.connectors import Connectors
from cyclr_api.simulator.state.core import Core
from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.made_up_methods import made_up_methods, release_of
from cyclr_api.simulator.state.values import JSON, OWN, AccountConnector, Connector, encode

ANY_METHOD = "*"
"""The key of an account connector's answer to every method that has none of its own."""

READING_WORDS = {"get", "list", "search", "find", "count"}
"""How the name of a method begins that changes nothing at the third party."""


@dataclass(frozen=True, eq=False)
class Method:
    """A method of one release. Never changes, so its JSON is encoded once."""

    document: JSON = field(repr=False)

    @property
    def id(self) -> int:
        return int(self.document["Id"])

    @property
    def connector_id(self) -> int:
        return int(self.document[OWN]["ConnectorId"])

    @cached_property
    def unique_id(self) -> str:
        """The identifier that it has in every release, in lower case."""
        return str(self.document.get("MethodUniqueIdentifier") or "").lower()

    @cached_property
    def name(self) -> str:
        return str(self.document.get("Name") or "")

    @property
    def own(self) -> JSON:
        return self.document.get(OWN) or {}

    @cached_property
    def is_writing(self) -> bool:
        """What the file says. Sim: else the name tells; Cyclr itself does not say."""
        if "Writes" in self.own:
            return bool(self.own["Writes"])
        words = self.name.lower().split()
        return not words or words[0] not in READING_WORDS

    @cached_property
    def parameter_ids(self) -> frozenset[int]:
        return _ids(self.document.get("Parameters"))

    @cached_property
    def required_ids(self) -> frozenset[int]:
        """The parameters that a call must give."""
        listed = self.document.get("Parameters") or []
        return _ids(one for one in listed if not one.get("IsOptional"))

    @cached_property
    def field_ids(self) -> frozenset[int]:
        return _ids(self.document.get("RequestFields"))

    @cached_property
    def encoded(self) -> bytes:
        return encode({key: value for key, value in self.document.items() if key != OWN})


@dataclass(frozen=True)
class Values:
    """What a call gives, by the numeric ids of the release."""

    parameters: dict[int, Any] = field(default_factory=dict)
    fields: dict[int, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What the third party said, as Cyclr passes it on."""

    status: int
    body: bytes


_made_up: "WeakKeyDictionary[Connector, list[Method]]" = WeakKeyDictionary()
"""Made when first asked for, for all states that share the release."""


class Methods:
    """The methods of all releases."""

    KEYS = ("Methods",)
    """What is read from a world file, and written to it, here."""

    def __init__(self, core: Core, connectors: Connectors) -> None:
        self._core, self._connectors = core, connectors
        self._given: dict[int, Method] = {}
        """By id, what the world file lists."""
        self._by_connector: dict[int, list[Method]] = {}

    def read(self, document: JSON) -> None:
        """Take the part of a world file."""
        for entry in document.get("Methods") or []:
            method = Method(entry)
            self._given[method.id] = method
            self._by_connector.setdefault(method.connector_id, []).append(method)

    def dumped(self) -> JSON:
        """The part of a world file: nothing for what can be made up again."""
        if not self._given:
            return {}
        return {"Methods": [method.document for method in self._given.values()]}

    def take_from(self, other: "Methods") -> None:
        """Have the same content as another state's. Methods never change and are shared."""
        self._given = dict(other._given)
        self._by_connector = {key: list(found) for key, found in other._by_connector.items()}

    def forget(self, connector_id: int) -> None:
        """A release is gone, and its methods with it."""
        for method in self._by_connector.pop(connector_id, []):
            del self._given[method.id]

    # -- found ---------------------------------------------------------------------------------

    def of(self, connector: Connector) -> list[Method]:
        """A release's methods by name."""
        found = self._by_connector.get(connector.id)
        if found is None:
            found = [] if connector.own.get("NoMethods") else _made_up_for(connector)
        return sorted(found, key=lambda method: (method.name.casefold(), method.id))

    def numbered(self, method_id: int) -> Method | None:
        if method_id in self._given:
            return self._given[method_id]
        connector = self._connectors.get(release_of(method_id))
        found = self.of(connector) if connector else []
        return next((method for method in found if method.id == method_id), None)

    def visible(self, method_id: int, account_id: str) -> Method:
        """The method with this id, if the account may see its release."""
        found = self.numbered(method_id)
        if found is None:
            raise ApiError(404)
        self._connectors.visible(found.connector_id, account_id)
        return found

    def numbered_for(self, one: AccountConnector, method_id: int) -> Method:
        """The method with this id. Sim: of any release of the installed connector."""
        found = self.numbered(method_id)
        if found is not None:
            release = self._connectors.get(found.connector_id)
            if release is not None and release.is_release_of(one.connector):
                return found
        raise ApiError(404)

    def latest_for(self, one: AccountConnector, unique_id: str) -> Method:
        """The method with this unique id in the connector's latest release."""
        for method in self.of(self._connectors.latest_release(one.connector)):
            if method.unique_id == unique_id:
                return method
        raise ApiError(404)

    # -- called --------------------------------------------------------------------------------

    def check_values(self, method: Method, values: Values) -> None:
        """Refuse what is not of the method. Sim: unknown fields too, and what is missing."""
        _check_ids(method, "Parameter", values.parameters, method.parameter_ids)
        _check_ids(method, "Field", values.fields, method.field_ids)
        given = {number for number, value in values.parameters.items() if value not in (None, "")}
        missing = sorted(method.required_ids - given)
        if missing:
            raise ApiError(400, f"Parameter {missing[0]} of '{method.name}' needs a value.")

    def check_authenticated(self, one: AccountConnector) -> None:
        """Sim: nothing is asked of a third party without credentials; the words."""
        if not one.authenticated:
            raise ApiError(400, f"Account connector '{one.name}' is not authenticated.")

    def call(self, one: AccountConnector, method: Method, *, is_test: bool) -> Answer:
        """Let the third party answer, and write it down."""
        self.check_authenticated(one)
        answer = _answer(one, method)
        self._core.record(
            "call",
            one.account_id,
            "api",
            saved=False,
            account_connector=one.id,
            method=method.name,
            method_id=method.id,
            writes=method.is_writing,
            is_test=is_test,
            status=answer.status,
        )
        return answer


def _made_up_for(connector: Connector) -> list[Method]:
    found = _made_up.get(connector)
    if found is None:
        found = [Method(document) for document in made_up_methods(connector)]
        _made_up[connector] = found
    return found


def _ids(listed: Iterable[JSON] | None) -> frozenset[int]:
    return frozenset(int(one["Id"]) for one in listed or [] if one.get("Id") is not None)


def _check_ids(method: Method, kind: str, given: Iterable[int], known: Collection[int]) -> None:
    for number in given:
        if number not in known:
            raise ApiError(400, f"{kind} {number} is not of method '{method.name}'.")


def _answer(one: AccountConnector, method: Method) -> Answer:
    """The account connector's own answer to the method, else the method's."""
    answers = {key.lower(): value for key, value in one.answers.items()}
    for key in (method.unique_id, ANY_METHOD):
        if key in answers:
            return _as_answer(answers[key])
    own = method.own
    status = own["Status"] if _is_status(own) else 200
    if "Answer" in own:
        return Answer(status, encode(own["Answer"]))
    fields = method.document.get("ResponseFields") or []
    if "AnswerBytes" in own:
        return Answer(status, b"".join(pieces_of(fields, int(own["AnswerBytes"]))))
    return Answer(status, encode(answer_from(fields)))


def _as_answer(value: Any) -> Answer:
    """A document, or `{"Status": 500, "Body": a document}`."""
    if isinstance(value, dict) and value.keys() <= {"Status", "Body"} and _is_status(value):
        return Answer(value["Status"], encode(value.get("Body")))
    return Answer(200, encode(value))


def _is_status(document: JSON) -> bool:
    status = document.get("Status")
    return isinstance(status, int) and 200 <= status < 600
