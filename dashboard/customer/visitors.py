"""Who opens a customer's page: likely a person, a machine, or a colleague. For labelling only.

A user agent is read token by token, as it is written: `Mozilla/5.0 (platform) engine product/1.0`.
Phones have names that sound like machines' (CUBOT, M BOT), so what a device is called counts for
nothing; and a program that opens pages for people (Outlook's or Slack's window) is a browser. What
a browser cannot hide counts as well: headers that it always sends, or never.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from dashboard.people.models import User

PERSON, ROBOT, STAFF = "person", "robot", "staff"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who it likely is, and why, in words. `name`: of a colleague."""

    kind: str
    why: str
    name: str = ""

    @property
    def label(self) -> dict[str, Any]:
        """What the timeline keeps beside a deed of theirs; empty for a person."""
        if self.kind == ROBOT:
            return {"robot": True, "why": self.why}
        if self.kind == STAFF:
            return {"staff": self.name, "why": self.why}
        return {}


def visitor_of(request: HttpRequest) -> Visitor:
    """Who asks for a customer's page. Colleagues are known where they are signed in."""
    user = request.user
    if isinstance(user, User) and user.is_active:
        return Visitor(STAFF, f"{user.display_name} is signed in here", user.display_name)
    why = _why_robot(request)
    return Visitor(ROBOT, why) if why else Visitor(PERSON, _device(_agent(request)))


def _agent(request: HttpRequest) -> str:
    return str(request.headers.get("User-Agent", ""))


def _why_robot(request: HttpRequest) -> str:
    """What gives a machine away, in words; empty for a person."""
    agent, headers = _agent(request), request.headers
    if request.method == "HEAD":
        return "HEAD request, no browser"
    if is_prefetch(request):
        return "A preview, not a visit"
    if is_program(agent):
        return "A program, not a browser"
    if not headers.get("Accept-Language"):
        return "No language asked for, as browsers do"
    if headers.get("Sec-Fetch-Mode", "navigate") not in {"navigate", ""}:
        return "Fetched by a page or a program, not opened"
    if headers.get("Sec-Fetch-Dest", "document") not in {"document", ""}:
        return "Loaded as a part of something, not opened"
    if request.is_secure() and "Sec-Fetch-Mode" not in headers and _says_how_it_fetches(agent):
        return "Calls itself a browser and does not ask like one"
    return ""


def is_prefetch(request: HttpRequest) -> bool:
    """Whether a browser or a program looks ahead, before anybody has pressed anything."""
    purposes = (request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz"))
    said = " ".join(purposes).lower()
    return any(word in said for word in ("prefetch", "prerender", "preview"))


def is_scanner(request: HttpRequest) -> bool:
    """Whether it bears the name of something that looks at mail for danger."""
    return bool(_SCANNER.search(_without_device(_agent(request))))


# ---- user agents ----

BROWSERS = ("Mozilla/", "Opera/", "UCWEB/", "BlackBerry", "Nokia", "SAMSUNG-")
"""How what opens pages for people begins; programs begin with their own name."""

_DEVICE = re.compile(
    r"\((?=[^()]*\bAndroid\b)(?![^()]*(?:compatible;|http))(?:[^()]|\([^()]*\))*\)|\bcubot\w*",
    re.IGNORECASE,
)
"""The platform of a phone or a tablet, with whatever its maker calls it."""
_CONTACT = re.compile(r"https?://|www\.|[\w.+-]+@[\w-]+\.\w", re.IGNORECASE)
"""Programs say where to complain about them."""
_COMPATIBLE = re.compile(r"[(;]\s*compatible;(?!\s*MSIE)", re.IGNORECASE)
"""How programs introduce themselves within the words of a browser; Internet Explorer did too."""
_NAMES = re.compile(
    r"\b("
    r"[\w.-]*(bot|bot-[\w-]+|bots|crawler|spider|scanner|fetcher|scraper|validator|checker|monitor|preview|"
    r"proxy|unfurl|unfurler|archiver|expander|linkcheck)"
    r"|headless\w*|phantomjs|puppeteer|playwright|selenium|webdriver|cypress|splash|htmlunit|"
    r"lighthouse|pagespeed|gtmetrix|pingdom|jsdom|prerender|rendertron|wkhtmlto\w+|"
    r"facebookexternalhit|facebookcatalog|slack-imgproxy|embedly|iframely|"
    r"ms-office|msoffice|existence discovery|google-\w[\w-]*|mediapartners-google|"
    r"favicon|w3c_validator|crawl\w*|curl|wget|python|java|node|okhttp|axios|go-http-client"
    r")(?=[/;,\s)]|$)",
    re.IGNORECASE,
)
"""Whole names of products, as they stand before a slash, a semicolon or a blank."""
_SCANNER = re.compile(
    r"safe ?links|proofpoint|mimecast|barracuda|symantec|messagelabs|fireeye|trellix|sophos|"
    r"ironport|forcepoint|trend ?micro|zscaler|fortiguard|fortinet|cloudmark|vade ?secure|"
    r"retarus|hornetsecurity|kaspersky|bitdefender|virustotal|urlscan|phishtank|google-safety|"
    r"\bscanner\b",
    re.IGNORECASE,
)
"""Makers of mail scanners: none of these is part of a browser's or a device's name."""


def is_program(agent: str) -> bool:
    """Whether a user agent is that of a program, not of something that people look through."""
    if not agent.startswith(BROWSERS):
        return True
    said = _without_device(agent)
    return any(sign.search(said) for sign in (_CONTACT, _COMPATIBLE, _NAMES, _SCANNER))


def _without_device(agent: str) -> str:
    """The user agent without the platform of a phone: makers call their devices anything."""
    return _DEVICE.sub("", agent)


_NEW_BROWSER = re.compile(r"(Chrome|Firefox)/(\d+)")


def _says_how_it_fetches(agent: str) -> bool:
    """Whether a browser of this name tells servers over TLS how it asks: since 2020, 2021."""
    match = _NEW_BROWSER.search(agent)
    return match is not None and int(match.group(2)[:4]) >= 90


def _device(agent: str) -> str:
    names = ("iPhone", "iPad", "Android", "Windows", "Macintosh", "Linux")
    return next((name for name in names if name in agent), "A browser")
