"""Kinds of values that are addresses: of web servers, mailboxes, databases, brokers."""

from __future__ import annotations

import ipaddress
import re
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from dashboard.environment.email_address import EmailAddressError, ascii_domain, parse_address
from dashboard.environment.kinds import Kind, WrongValueError

_HOST = re.compile(
    r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
)
_LOCAL_PART = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_USUAL_PORTS = {"http": 80, "https": 443}


def is_this_machine(host: str) -> bool:
    """Whether nobody can listen on the way to this host."""
    return host.startswith("127.") or host in {"localhost", "::1"} or host.endswith(".localhost")


def host_of(text: str) -> str:
    """A host name or number as requests name it, in ASCII; empty if it cannot be one."""
    host = text.strip().lower().removesuffix(".")
    try:
        return f"[{ipaddress.IPv6Address(host.strip('[]'))}]"
    except ValueError:
        pass
    if not host.isascii():
        try:
            host = ascii_domain(host)
        except EmailAddressError:
            return ""
    return host if len(host) < 254 and _HOST.fullmatch(host) else ""


# ---- of web servers ----


def _plain_base(text: str) -> str:
    """Scheme, host and port of what was meant; empty if that cannot be known."""
    text = text.split()[0].replace("\\", "/")
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text):
        rest = re.sub(r"^(?:https?(?=[:/]))?[:/]*", "", text, flags=re.IGNORECASE)
        is_plain = text.lower().startswith("http:") or is_this_machine(re.split("[:/]", rest)[0])
        text = f"{'http' if is_plain else 'https'}://{rest}"
    try:
        parts = urlsplit(text)
        host, port = host_of(parts.hostname or ""), parts.port
    except ValueError:
        return ""
    if parts.scheme not in _USUAL_PORTS or not host:
        return ""
    suffix = "" if port in {None, _USUAL_PORTS[parts.scheme]} else f":{port}"
    return f"{parts.scheme}://{host}{suffix}"


def _base(text: str) -> str:
    plain = _plain_base(text)
    if not plain:
        raise WrongValueError("give an address like https://desk.example.com")
    # What differs from it only in letter case, the usual port or a slash at the end means the same.
    scheme = plain.partition(":")[0]
    same = re.sub(rf":0*{_USUAL_PORTS[scheme]}$", "", text.rstrip("/").lower())
    if same != plain:
        raise WrongValueError(f"write {plain} and nothing else")
    return plain


BASE: Kind[str] = Kind("an address of scheme, host and port", _base)


def _cyclr_base(text: str) -> str:
    plain = _base(text)
    if plain.startswith("http:") and not is_this_machine(urlsplit(plain).hostname or ""):
        raise WrongValueError(f"write https{plain[4:]}: plain http is for this machine only")
    return plain


CYCLR_BASE: Kind[str] = Kind("an https address of host and port", _cyclr_base)


def _allowed_host(text: str) -> str:
    if text == "*":
        return text
    is_wide = text.startswith((".", "*."))
    name = text.removeprefix("*").removeprefix(".")
    plain = host_of(name)
    if not plain:
        plain = (urlsplit(_plain_base(name)).hostname or "") if name else ""
        if not plain:
            raise WrongValueError("give host names like desk.example.com, separated by commas")
    wanted = f".{plain}" if is_wide else plain
    if text.lower().removesuffix(".") != wanted:
        raise WrongValueError(f"write {wanted}: names only, separated by commas")
    return wanted


HOST: Kind[str] = Kind("a host name", _allowed_host)


def _origin(text: str) -> str:
    scheme, _, rest = text.partition("://*.")
    return (
        f"{scheme}://*.{_base(f'{scheme}://{rest}').partition('://')[2]}" if rest else _base(text)
    )


ORIGIN: Kind[str] = Kind("an address of scheme, host and port", _origin)


# ---- of mailboxes ----


def _mailbox(text: str) -> str:
    local, _, domain = text.rpartition("@")
    host = host_of(domain)
    if not host or not _LOCAL_PART.fullmatch(local):
        raise WrongValueError("give an e-mail address like support@example.com, and nothing else")
    if host != domain.lower():
        raise WrongValueError(f"write {local}@{host}")
    return text


MAILBOX: Kind[str] = Kind("an e-mail address", _mailbox)


def _contact(text: str) -> str:
    """As `security.txt` names it: with its scheme."""
    if text.startswith("https://"):
        try:
            parts = urlsplit(text)
        except ValueError:
            parts = None
        is_plain = text.isascii() and not re.search(r"[\s<>\"\\]", text)
        if (
            parts is None
            or not is_plain
            or not host_of(parts.hostname or "")
            or "@" in parts.netloc
        ):
            raise WrongValueError("give an address like https://example.com/security")
        return text
    try:
        return f"mailto:{_mailbox(text.removeprefix('mailto:'))}"
    except WrongValueError:
        raise WrongValueError(
            "give an address like security@example.com or https://example.com/security"
        ) from None


CONTACT: Kind[str] = Kind("an e-mail or https address", _contact)


def _sign_in_mailbox(text: str) -> str:
    try:
        return parse_address(text)
    except EmailAddressError as error:
        raise WrongValueError(
            f"give an e-mail address like anna@example.com ({str(error).rstrip('.')})"
        ) from None


SIGN_IN_MAILBOX: Kind[str] = Kind("an e-mail address", _sign_in_mailbox)


def _sender(text: str) -> str:
    found = re.fullmatch(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>", text)
    if found is None:
        if "@" not in text or re.search(r"[\s,<>]", text):
            raise WrongValueError("give an address like Example Ltd <connect@example.com>")
        return _mailbox(text)
    name, address = found["name"].strip(), _mailbox(found["address"].strip())
    if re.fullmatch(r'"(?:\\.|[^"\\])*"', name):
        return text
    if re.search(r'[",;:@()\[\]\\]', name):
        quoted = re.sub(r'["\\]', "", name)
        raise WrongValueError(
            f'put the name into quotation marks: "{quoted}" <{address}>'
            " (in a file, all of it in single ones)"
        )
    return text


SENDER: Kind[str] = Kind("an e-mail address, with a name or without", _sender)


# ---- of services ----

PERCENT = "write special characters in user and password as %23 for #, %2F for /, %3F for ?"


def _service(text: str, example: str) -> SplitResult:
    """The parts of an address with user and password; nothing of it is in the complaint."""
    wrong = WrongValueError(f"give an address like {example}")
    if re.search(r"\s", text):
        raise wrong
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        parts = None
    behind = text.partition("://")[2]
    if re.search(r"[/?#].*@", behind) or "#" in behind:
        raise WrongValueError(f"{PERCENT}: {example}")
    if parts is None or "://" not in text:
        raise wrong
    if "\N{REPLACEMENT CHARACTER}" in unquote(parts.netloc):
        raise WrongValueError(f"write % in user and password as %25: {example}")
    return parts


POSTGRES_EXAMPLE = "postgres://user:password@host:5432/name"


def _database(text: str) -> dict[str, Any]:
    if text in {"sqlite://", "sqlite://:memory:"}:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    scheme = text.partition("://")[0]
    if scheme not in {"postgres", "postgresql", "sqlite"}:
        raise WrongValueError(f"give an address like {POSTGRES_EXAMPLE}, or sqlite:///path")
    parts = _service(
        text, POSTGRES_EXAMPLE if scheme != "sqlite" else "sqlite:////srv/desk.sqlite3"
    )
    if scheme != "sqlite":
        return _postgres(text)
    name = unquote(parts.path.removeprefix("/"))
    if parts.netloc or not name or parts.query:
        raise WrongValueError("give an address like sqlite:////srv/desk.sqlite3")
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": name}


def _postgres(text: str) -> dict[str, Any]:
    """Django's settings, by the parser of PostgreSQL's own client: it knows sockets and options."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    text, is_pooled = _without_pool(text)
    try:
        given = conninfo_to_dict(text)
    except ProgrammingError:
        given = {}
    places = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host"}
    places["PORT"] = "port"
    config = {key: str(given.pop(name, None) or "") for key, name in places.items()}
    if not config["NAME"] and "service" not in given:
        raise WrongValueError(f"give an address like {POSTGRES_EXAMPLE}")
    options = {**given, "pool": True} if is_pooled else given
    return {"ENGINE": "django.db.backends.postgresql", **config, "OPTIONS": options}


def _without_pool(text: str) -> tuple[str, bool]:
    """The address without `pool=true`, which is Django's and not PostgreSQL's; whether it was."""
    before, _, query = text.partition("?")
    entries = [entry for entry in query.split("&") if entry]
    pool = [entry.partition("=")[2].lower() for entry in entries if entry.startswith("pool=")]
    if not set(pool) <= {"true", "false"}:
        raise WrongValueError(f"pool is true or false, as in {POSTGRES_EXAMPLE}?pool=true")
    rest = "&".join(entry for entry in entries if not entry.startswith("pool="))
    return f"{before}?{rest}" if rest else before, "true" in pool[-1:]


DATABASE: Kind[dict[str, Any]] = Kind("`postgres://…` or `sqlite:///…`", _database)

REDIS_EXAMPLE = "redis://127.0.0.1:6379/0"


def _redis(text: str) -> str:
    scheme = text.partition("://")[0]
    if scheme not in {"redis", "rediss", "redis+socket"}:
        raise WrongValueError(f"give an address like {REDIS_EXAMPLE}")
    parts = _service(text, REDIS_EXAMPLE)
    if scheme == "redis+socket":
        if parts.netloc or len(parts.path) < 2:
            raise WrongValueError("give an address like redis+socket:///run/redis/redis.sock")
    elif not re.fullmatch(r"(?:/[0-9]*)?", parts.path):
        raise WrongValueError(f"behind the slash the database's number stands: {REDIS_EXAMPLE}")
    return text


REDIS: Kind[str] = Kind("`redis://…`, `rediss://…` or `redis+socket:///…`", _redis)

MAIL_EXAMPLE = "smtp+tls://user:password@host:587, or smtp+ssl://…:465"
_MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}


def _mail(text: str) -> dict[str, Any]:
    scheme = text.partition("://")[0]
    backends = "django.core.mail.backends"
    if text == "consolemail://":
        return {"EMAIL_BACKEND": f"{backends}.console.EmailBackend"}
    if scheme == "filemail" and text.startswith("filemail:///"):
        folder = unquote(text.removeprefix("filemail://"))
        return {"EMAIL_BACKEND": f"{backends}.filebased.EmailBackend", "EMAIL_FILE_PATH": folder}
    if scheme not in _MAIL_PORTS:
        raise WrongValueError(f"give an address like {MAIL_EXAMPLE}")
    parts = _service(text, MAIL_EXAMPLE)
    host, port = parts.hostname or "", parts.port
    if not host_of(host) or parts.path.strip("/") or parts.query:
        raise WrongValueError(f"give an address like {MAIL_EXAMPLE}")
    if scheme == "smtp" and not is_this_machine(host):
        raise WrongValueError(f"plain smtp is for this machine only; use {MAIL_EXAMPLE}")
    if (scheme, port) in {("smtp+tls", 465), ("smtp+ssl", 587)}:
        raise WrongValueError(f"scheme and port do not fit; use {MAIL_EXAMPLE}")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not (user + password).isascii():
        raise WrongValueError(
            "choose a user name and password without accented letters, which cannot be sent to"
            " mail servers"
        )
    return {
        "EMAIL_BACKEND": f"{backends}.smtp.EmailBackend",
        "EMAIL_HOST": host_of(host).strip("[]"),
        "EMAIL_PORT": port or _MAIL_PORTS[scheme],
        "EMAIL_HOST_USER": user,
        "EMAIL_HOST_PASSWORD": password,
        "EMAIL_USE_TLS": scheme == "smtp+tls",
        "EMAIL_USE_SSL": scheme == "smtp+ssl",
    }


MAIL: Kind[dict[str, Any]] = Kind("`smtp+tls://…` or `smtp+ssl://…`", _mail)
