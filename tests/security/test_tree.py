"""What must not stand in any file: secrets, ways around escaping and TLS, script in the page."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
KEPT = {
    *("requirements.txt", "requirements-dev.txt", "requirements-run.txt"),
    *("requirements-postgres.txt", "test_frozen_data.py"),
}
"""Digests of packages look like secrets, and so does what a made-up key once encrypted."""
LEFT_OUT = {"var", "node_modules", "__pycache__", "vendor", "made"}
TEXTS = {".py", ".html", ".js", ".css", ".md", ".toml", ".txt", ".json", ".sh", ".po", ".yaml", ""}

SHAPES = {
    "a private key": re.compile(
        r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s*\n[A-Za-z0-9+/=\s]{64,}"
    ),
    "an AWS key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a GitHub token": re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_\w{60,}"),
    "a Slack token": re.compile(r"\bxox[abpsr]-[0-9]{8,}-[0-9A-Za-z-]{20,}"),
    "a Slack webhook": re.compile(
        r"hooks\.slack\.com/services/T[A-Z0-9]{8,}/B[A-Z0-9]{8,}/\w{20,}"
    ),
    "a Stripe key": re.compile(r"\b[rs]k_live_[0-9A-Za-z]{20,}\b"),
    "a Google key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    "a signed web token": re.compile(r"\beyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{20,}"),
    "a password in an address": re.compile(
        r"\b(?:postgres(?:ql)?|rediss?|smtps?|amqps?)://[^\s:/@\"'{}<$]+:(?P<value>[^\s/@\"'{}<$]{12,})@"
    ),
    "an assigned secret": re.compile(
        r"(?i)\b(?:secret|password|passwd|api_?key|token|private_?key)\w*[\"']?\s*[:=]\s*"
        r"[\"'](?P<value>[A-Za-z0-9+/_=-]{24,})[\"']"
    ),
}
MADE_UP_BITS = 4.0
"""Bits a character: words that somebody made up stay below, drawn ones of 24 and more above."""


def bits(text: str) -> float:
    """How much each character tells, as Shannon counts it."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())


def secrets_in(text: str) -> Iterator[str]:
    """What each find looks like; never the find itself."""
    for name, shape in SHAPES.items():
        for found in shape.finditer(text):
            value = found.groupdict().get("value")
            if value is None or bits(value) > MADE_UP_BITS:
                yield f"{name}, line {text.count(chr(10), 0, found.start()) + 1}"


def files(*suffixes: str) -> Iterator[Path]:
    """The project's own text files."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        is_tool_s = any(part.startswith(".") and part != ".ci" for part in parts[:-1])
        if is_tool_s or LEFT_OUT & set(parts) or not path.is_file() or path.name in KEPT:
            continue
        if path.suffix in (set(suffixes) or TEXTS) and path.stat().st_size < 2_000_000:
            yield path


def test_no_file_holds_a_secret() -> None:
    found = {}
    for path in files():
        if path.name == ".env":
            continue
        there = list(secrets_in(path.read_text(encoding="utf-8", errors="replace")))
        if there:
            found[str(path.relative_to(ROOT))] = there

    assert found == {}


@pytest.mark.parametrize(
    "planted",
    [
        "AKIA" + "IOSFODNN7ABCDEFG",
        "token = 'gh" + "p_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'",
        'API_KEY="' + "Zk3nV9xQ2tL8wR5yP1mB7cD4fG6hJ0sA" + '"',
        "-----BEGIN PRIVATE KEY" + "-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC" * 4,
        "postgres://desk:" + "x9Kq2LmPz7Rt4Vw8" + "Bn3C@db.example.com/desk",
        "sk_live" + "_4eC39HqLyjWDarjtT1zdp7dc",
    ],
)
def test_a_planted_secret_is_found(planted: str) -> None:
    assert list(secrets_in(planted))


def test_made_up_words_are_none() -> None:
    text = 'PASSWORD = "a-good-long-password-for-tests"\npostgres://user:password@host/name'

    assert not list(secrets_in(text))


WRONG_IN_PYTHON = {
    "TLS is not verified": re.compile(r"verify\s*=\s*False|CERT_NONE|_create_unverified_context"),
    "escaping is gone round": re.compile(r"\bmark_safe\("),
    "pickle is read": re.compile(r"\bpickle\.loads?\(|\byaml\.load\("),
    "text becomes code": re.compile(r"(?<![\w.])(?:eval|exec)\("),
    "a shell reads it": re.compile(r"shell\s*=\s*True"),
}


@pytest.mark.parametrize("name", WRONG_IN_PYTHON)
def test_no_code_of_ours_goes_round_a_guard(name: str) -> None:
    shape = WRONG_IN_PYTHON[name]
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in ("dashboard", "cyclr_api")
        for path in files(".py")
        if path.relative_to(ROOT).parts[0] == folder
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if shape.search(line)
    ]

    assert found == []


WRONG_IN_TEMPLATES = re.compile(
    r"""\|\s*safe\b|\|\s*safeseq\b|autoescape\s+off   # escaping
    |<script(?![^>]*\bsrc=)[^>]*>                     # inline script
    |<style\b|\sstyle\s*=                             # inline style
    |\son[a-z]+\s*=\s*["']|\shx-on                    # handlers
    |javascript:|\bhx-vals\s*=\s*["']js:""",
    re.X | re.I,
)


MAIL = re.compile(r"mail")
"""A message carries its own style: no page is around it."""


def test_no_template_has_script_or_style_of_its_own() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in files(".html")
        if path.relative_to(ROOT).parts[0] == "templates" and not MAIL.search(str(path))
        for match in WRONG_IN_TEMPLATES.finditer(path.read_text())
    ]

    assert found == []
