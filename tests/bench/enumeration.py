"""Whether time tells who is known here, or which secrets were once good.

    .venv/bin/python tests/bench/enumeration.py [--tries 500]

Each page is asked so often with what it knows and with what it does not, in turn, and the medians
are compared: they may differ by a tenth. Passwords are hashed as in production. Limits are taken
back before each try: a limit is no difference, and `tests/sign_in/test_same_work.py` counts that
it costs the same too. A figure of time is asserted nowhere; what is asserted is the work. On SQLite
in a temporary directory unless TEST_DATABASE_URL names an empty PostgreSQL database.
"""

from __future__ import annotations

import argparse
import logging
import secrets
import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import pages  # noqa: E402,I001 - it sets Django up

from django.conf import global_settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.utils import timezone  # noqa: E402

from dashboard.common import limits  # noqa: E402
from dashboard.people.models import Role, SignInFailure, User  # noqa: E402
from dashboard.sign_in import passwords  # noqa: E402
from dashboard.sign_in.models import PasswordMail  # noqa: E402
from dashboard.team.models import Invitation, hash_of  # noqa: E402
from tests.bench.figures import Figure, record  # noqa: E402
from tests.factories import make_link, make_user  # noqa: E402
from tests.links.steps import address  # noqa: E402

PEOPLE = 300
MAY_DIFFER = 1.1
WARM_UP = 5

Try = Callable[[Client], Any]


def compare(name: str, known: Try, unknown: Try, tries: int) -> None:
    """Ask both in turn; print and record by how much their medians differ."""
    spent: dict[str, list[float]] = {"known": [], "unknown": []}
    answered: dict[str, set[int]] = {"known": set(), "unknown": set()}
    for number in range(tries + WARM_UP):
        pair = [("known", known), ("unknown", unknown)]
        for which, one in pair if number % 2 else reversed(pair):
            forget_limits()
            client = Client(headers={"Host": "127.0.0.1"})
            began = time.perf_counter()
            answer = one(client)
            took = (time.perf_counter() - began) * 1000
            answered[which].add(answer.status_code)
            if number >= WARM_UP:
                spent[which].append(took)
    if answered["known"] != answered["unknown"]:
        raise SystemExit(f"{name}: {answered}")
    here, beside = (statistics.median(spent[which]) for which in ("known", "unknown"))
    apart = max(here / beside, beside / here)
    sys.stdout.write(f"{name:40} {here:9.2f} {beside:9.2f} {apart:7.3f}\n")
    record(Figure(name, f"{here:.2f} ms", f"{beside:.2f} ms", apart, MAY_DIFFER))


def forget_limits() -> None:
    """As if nobody had tried before."""
    limits._counts.clear()  # noqa: SLF001 - there is no other way, and nobody else needs one
    SignInFailure.objects.all().delete()
    PasswordMail.objects.all().delete()


def posts(path: str, **values: str) -> Try:
    """A form that is sent."""
    return lambda client: client.post(path, values)


def gets(path: str, **headers: str) -> Try:
    """A page that is asked for."""
    return lambda client: client.get(path, headers=headers)


def ended_invitation(by: User) -> str:
    """The token of an invitation whose week is over."""
    token = secrets.token_hex(32)
    Invitation.objects.create(
        token_hash=hash_of(token),
        email="late@desk.example",
        role=Role.AGENT,
        invited_by=by,
        expires_at=timezone.now() - timedelta(days=1),
    )
    return token


def altered(text: str) -> str:
    """The same with another last character."""
    return text[:-1] + ("0" if text[-1] != "0" else "1")


def main() -> None:
    """Make people and secrets, then measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tries", type=int, default=500)
    tries = parser.parse_args().tries
    call_command("migrate", verbosity=0)
    pages.seed(100)
    logging.disable(logging.WARNING)  # a line for each refusal
    with override_settings(PASSWORD_HASHERS=global_settings.PASSWORD_HASHERS):
        measure(tries)


def measure(tries: int) -> None:
    """Each page that could tell."""
    user = make_user(Role.AGENT)
    User.objects.bulk_create(
        User(email=f"colleague-{number}@desk.example", password="!") for number in range(PEOPLE)
    )
    nobody, wrong = "nobody@desk.example", "a wrong password"
    reset = passwords.link_for(user).rpartition("new-password/")[2].strip("/")
    link = address(make_link()).rstrip("/")
    sys.stdout.write(f"{'':40} {'known':>9} {'unknown':>9} {'apart':>7}\n")
    compare(
        "`/sign-in/`, address",
        posts("/sign-in/", email=user.email, password=wrong),
        posts("/sign-in/", email=nobody, password=wrong),
        tries,
    )
    compare(
        "`/sign-in/forgotten/`, address",
        posts("/sign-in/forgotten/", email=user.email),
        posts("/sign-in/forgotten/", email=nobody),
        tries,
    )
    compare(
        "`/sign-in/new-password/…/`, whose",
        gets(f"/sign-in/new-password/{altered(reset)}/"),
        gets(f"/sign-in/new-password/zzz{altered(reset)}/"),
        tries,
    )
    compare(
        "`/invitation/…/`, ended or never made",
        gets(f"/invitation/{ended_invitation(user)}/"),
        gets(f"/invitation/{secrets.token_hex(32)}/"),
        tries,
    )
    compare(
        "`/c/…/`, whether there is such a link",
        gets(f"{link[:-8]}aaaaaaaa/"),
        gets(f"{link[:-64]}{'a' * 64}/"),
        tries,
    )


if __name__ == "__main__":
    main()
