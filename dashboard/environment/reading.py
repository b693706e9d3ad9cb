"""The settings as they stand: from the environment, `.env` and `keys.env`, in this order.

Everything is read and checked at once, before anything starts; the first thing that cannot work is
one sentence (`ImproperlyConfigured`) with where it stands and what to write instead.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from dashboard.environment import names, single_sign_on
from dashboard.environment.addresses import is_this_machine
from dashboard.environment.files import read_lines, read_text
from dashboard.environment.groups import ALL
from dashboard.environment.kinds import TEXT, WrongValueError
from dashboard.environment.names import ROOT
from dashboard.environment.near import near_to
from dashboard.environment.setting import ENV_FILE, PREFIXES, Setting

T = TypeVar("T")

KNOWN = {*ALL, ENV_FILE}
JOINERS = "\u200c\u200d"
"""Invisible, and part of how some languages are written."""
KEYS_FILE = "keys.env"
"""In `DESK_VAR`: the keys that `./run` made on its first start."""
KEYS = ("SECRET_KEY", "CREDENTIAL_KEYS")


@dataclass(frozen=True, slots=True)
class Given:
    """A value as somebody wrote it. `where`: in words that follow its name, empty = environment."""

    text: str
    where: str = ""


@dataclass(slots=True)
class Environment:
    """All settings that are given. `environment[names.PORT]` is the checked value, or the default.

    `doubts`: sentences about what will probably not do what was meant.
    """

    given: dict[str, Given] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)

    def __getitem__(self, setting: Setting[T]) -> T:
        given = self.given.get(setting.name)
        if given is None or not given.text:
            return setting.default
        try:
            return setting.kind.read(_visible(given.text, in_words=setting.kind is TEXT))
        except WrongValueError as error:
            raise ImproperlyConfigured(_complaint(setting.name, given, str(error))) from None

    def is_set(self, setting: Setting[object]) -> bool:
        """Whether it has a value."""
        return setting.name in self.given and bool(self.given[setting.name].text)


def read(environ: Mapping[str, str], *, root: Path = ROOT) -> Environment:
    """All settings, checked. Raises `ImproperlyConfigured`."""
    environment = Environment()
    _add(environment, _from_process(environ, environment.doubts))
    named = environ.get(ENV_FILE, "").strip()
    file = Path(named or root / ".env")
    if named or file.exists():
        _add_file(environment, file, called=named or file.name, may=ALL)
    keys = environment[names.DESK_VAR] / KEYS_FILE
    if keys.exists():
        _add_file(environment, keys, called=str(keys), may=KEYS)
    for setting in ALL.values():
        environment[setting]  # complains of what is wrong
    _check_together(environment)
    return environment


# ---- sources ----

Found = tuple[str, Given]


def _from_process(environ: Mapping[str, str], doubts: list[str]) -> Iterable[Found]:
    """What the environment says. Much in it is not meant for us, so only near misses count."""
    for name, text in sorted(environ.items()):
        base = name.removesuffix("_FILE")
        if name in ALL or base in ALL:
            yield name, Given(_without_quotes(name, text.strip()))
        elif name != ENV_FILE and not (base == name and text == ""):
            near = near_to(base, KNOWN)
            is_ours = name.startswith(PREFIXES)
            if near and not environ.get(near) and not environ.get(f"{near}_FILE"):
                other = f", or set {near} too if another program needs {name}"
                raise ImproperlyConfigured(
                    f"{name} in the environment is no setting: rename it to {near}"
                    f"{'' if is_ours else other}."
                )
            if is_ours:
                doubts.append(f"{name} in the environment is no setting of this dashboard.")


def _without_quotes(name: str, text: str) -> str:
    """The text; `docker --env-file` leaves quotation marks on, which nobody means."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" and name in ALL:
        raise ImproperlyConfigured(
            f"{name} in the environment begins and ends with a quotation mark: leave them out."
        )
    return text


def _add_file(environment: Environment, file: Path, *, called: str, may: Iterable[str]) -> None:
    found = []
    for line in read_lines(file, called=called):
        where = f"{called}, line {line.number}"
        base = line.name.removesuffix("_FILE")
        if line.name in may or base in may:
            found.append((line.name, Given(line.text.strip(), f" ({where})")))
            continue
        if line.name == ENV_FILE:
            raise ImproperlyConfigured(f"{where}: {ENV_FILE} works in the environment only.")
        near = near_to(base, KNOWN)
        if near or line.name.startswith(PREFIXES):
            remedy = f"rename it to {near}" if near else "see docs/settings.md for what there is"
            raise ImproperlyConfigured(f"{line.name} ({where}) is no setting: {remedy}.")
    _add(environment, found)


def _add(environment: Environment, found: Iterable[Found]) -> None:
    """Add one source's settings; an earlier source's count before them, empty ones too."""
    new: dict[str, tuple[str, Given]] = {}
    for name, given in found:
        setting = name if name in ALL else name.removesuffix("_FILE")
        if name not in ALL and not given.text:
            continue  # an empty …_FILE names nothing
        if setting in new and new[setting][1].text and given.text:
            other, one = new[setting]
            if (other, one.text) != (name, given.text):
                raise ImproperlyConfigured(
                    f"{setting} is given twice, by {other}{one.where} and {name}{given.where}:"
                    " remove one."
                )
        if setting not in new or given.text:
            new[setting] = (name, given)
    for setting, (name, given) in new.items():
        before = environment.given.get(setting)
        # Whoever sets nothing in the environment means so, but nobody means to have no keys.
        if before is not None and (before.text or setting not in KEYS):
            continue
        environment.given[setting] = given if name == setting else _from_file(name, given)


def _from_file(name: str, given: Given) -> Given:
    """The value that a `…_FILE` leads to."""
    text = read_text(Path(given.text), called=f"{given.text}, which {name}{given.where} names,")
    text = text.strip()
    if not text:
        raise ImproperlyConfigured(
            f"{given.text}, which {name}{given.where} names, is empty: write the value into it."
        )
    return Given(text, f" (from {given.text}, which {name}{given.where} names)")


# ---- checks that all kinds share ----


def _visible(text: str, *, in_words: bool) -> str:
    """The text, if it holds nothing that nobody can have meant. `in_words`: people read it."""
    if text in {"...", "…"}:
        raise WrongValueError("replace the dots by the value")
    if len(text) > 1 and text[0] in "“„”‘‚’«" and text[-1] in "“”‘’»":
        raise WrongValueError("leave out the typographic quotation marks")
    for letter in text:
        kind = unicodedata.category(letter)
        if in_words and (kind == "Zs" or letter in JOINERS):
            continue
        if kind in {"Cc", "Cf", "Cs", "Zl", "Zp"} or (kind == "Zs" and letter != " "):
            raise WrongValueError(
                f"an invisible character (U+{ord(letter):04X}) stands in it, so type it anew, on"
                " one line"
            )
    return text


def _complaint(name: str, given: Given, remedy: str) -> str:
    if ALL[name].is_secret:
        return f"{name}{given.where} cannot be used: {remedy}."
    shown = re.sub(r"//[^/@\s]*@", "//…@", given.text)
    shown = "".join(letter if letter.isprintable() else "�" for letter in shown)
    return f"{name} is {_short(shown)!r}{given.where}: {remedy}."


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"


OF_A_CONSOLE = (names.CYCLR_SERVICE_URL, names.CYCLR_CLIENT_ID, names.CYCLR_CLIENT_SECRET)


def half_a_console(environment: Environment) -> str:
    """A sentence if a console is described without its address, so that it is not used."""
    # Whoever sets an empty address in the environment wants the local Cyclr in spite of `.env`.
    is_meant = environment.given.get("CYCLR_API_URL") == Given("")
    given = [setting.name for setting in OF_A_CONSOLE if environment.is_set(setting)]
    if is_meant or environment.is_set(names.CYCLR_API_URL) or not given:
        return ""
    return (
        f"{given[0]}{environment.given[given[0]].where} is set, so CYCLR_API_URL is needed too:"
        f" {names.CYCLR_API_URL.example}, say."
    )


def _check_together(environment: Environment) -> None:
    """What is right by itself and cannot work together."""
    for setting in OF_A_CONSOLE:
        if environment.is_set(names.CYCLR_API_URL) and not environment.is_set(setting):
            raise ImproperlyConfigured(f"CYCLR_API_URL is set, so {setting.name} is needed too.")
    if doubt := half_a_console(environment):
        environment.doubts.append(doubt)
    _check_single_sign_on(environment)
    public, desk = environment[names.PUBLIC_URL], environment[names.DESK_URL]
    if public.startswith("https:") and desk.startswith("http:"):
        where = environment.given["DESK_URL"].where
        raise ImproperlyConfigured(
            f"DESK_URL is {desk!r}{where}: write https{desk[4:]}, since PUBLIC_URL is https and"
            " nobody could sign in over plain http then."
        )
    sender = environment[names.EMAIL_URL].get("EMAIL_HOST", "")
    if sender and not is_this_machine(sender) and not environment.is_set(names.DEFAULT_FROM_EMAIL):
        environment.doubts.append(
            "DEFAULT_FROM_EMAIL is not set, and mail servers refuse desk@localhost: give an"
            f" address like connect@{urlsplit(public).hostname or 'example.com'}."
        )


def _check_single_sign_on(environment: Environment) -> None:
    issuer, *others = single_sign_on.ALL
    needed = (single_sign_on.DESK_OIDC_CLIENT_ID, single_sign_on.DESK_OIDC_CLIENT_SECRET)
    if environment.is_set(issuer):
        for setting in needed:
            if not environment.is_set(setting):
                raise ImproperlyConfigured(
                    f"DESK_OIDC_ISSUER is set, so {setting.name} is needed too."
                )
        return
    if given := [setting.name for setting in others if environment.is_set(setting)]:
        environment.doubts.append(f"{given[0]} does nothing without DESK_OIDC_ISSUER.")
