"""The main job from end to end, in real browsers, with everything real behind them."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
import redis
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.processes]

KEY = "canary-api-key-51d0b242"


@pytest.fixture(params=["embedded", pytest.param("production", marks=pytest.mark.postgres)])
def any_desk(
    request: pytest.FixtureRequest, desk_processes: Callable[..., Desk]
) -> tuple[Desk, str]:
    """The dashboard on SQLite with the embedded broker, and on PostgreSQL with Redis."""
    if request.param == "embedded":
        return desk_processes(), "embedded"
    database = request.getfixturevalue("make_postgres_database")()
    server = request.getfixturevalue("redis_server")
    return desk_processes(DATABASE_URL=database, REDIS_URL=server.url), "production"


def everything_stored(desk: Desk) -> dict[str, str]:
    """All that the dashboard keeps: database, broker, logs, files; by where it stands."""
    kept = {"logs": desk.logs}
    database = desk.environment.get("DATABASE_URL", "")
    if database:
        with psycopg.connect(database) as connection:
            tables = connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
            for (table,) in tables:
                rows = connection.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608
                kept[f"table {table}"] = "\n".join(row[0] for row in rows)
    else:
        with sqlite3.connect(desk.var / "desk.sqlite3") as lite:
            kept["database"] = "\n".join(lite.iterdump())
    for path in desk.var.rglob("*"):
        is_theirs = path.name in {"cyclr.json", "test.log"} or not path.is_file()
        if not is_theirs and "staticfiles" not in path.parts:
            kept[str(path.name)] = path.read_bytes().decode("latin-1")
    if url := desk.environment.get("REDIS_URL", ""):
        server = redis.Redis.from_url(url)
        for key in server.scan_iter(count=1000):
            kept[f"redis {key!r}"] = str(server.dump(key))
    return kept


def test_the_main_job(
    any_desk: tuple[Desk, str],
    staff_at: Callable[..., Any],
    customer: Callable[..., BrowserContext],
) -> None:
    desk, kind = any_desk
    desk.wait_until_read()
    staff = staff_at(desk)

    # Find the account among many; see what is not authenticated.
    page: Page = staff.open_account("Harbour Books")
    hubspot = page.get_by_role("row").filter(has_text="HubSpot")
    expect(hubspot.locator("[data-state]").first).to_have_text("Not authenticated")

    # Install a connector whose key is typed, through the generated form.
    page = staff.open_install_form("Harbour Books", "Klaviyo")
    page.get_by_label("API key").fill(KEY)
    page.get_by_role("button", name="Install", exact=True).click()
    klaviyo = page.get_by_role("row").filter(has=page.get_by_role("link", name="Klaviyo"))
    expect(klaviyo.locator('[data-state="authenticated"]').first).to_be_visible()

    # Install one that the customer connects; a link is made with it.
    page = staff.open_install_form("Harbour Books", "Slack")
    expect(page.get_by_label("Create a connection link now")).to_be_checked()
    page.get_by_role("button", name="Install", exact=True).click()
    slack = page.get_by_role("row").filter(has=page.get_by_role("link", name="Slack", exact=True))
    expect(slack.locator('[data-state="not-authenticated"]').first).to_be_visible()
    expect(page.get_by_role("button", name="Copy address")).to_be_visible()

    # Send it: the address can be copied from the link's page.
    page.get_by_role("link", name="Open link", exact=True).click()
    address = page.get_by_label("Link address").input_value()
    expect(page.get_by_role("button", name="Copy", exact=True)).to_be_visible()
    agent_page = staff.new_page()
    agent_page.goto(page.url)
    account_url = page.get_by_role("link", name="Harbour Books").first.get_attribute("href")
    page.goto(f"{desk.url}{account_url}")

    # The customer: another browser, without JavaScript in one of the two runs.
    theirs = customer(javascript=kind == "production")
    tokens: list[str] = []

    def watch(request: Any) -> None:
        if "/connectorauth/" in request.url:
            tokens.extend(parse_qs(urlsplit(request.url).query)["token"])

    theirs_said: list[str] = []
    tab = theirs.new_page()
    tab.on("request", watch)
    tab.on("console", lambda said: theirs_said.append(said.text) if said.type == "error" else None)
    tab.goto(address)
    expect(tab.get_by_role("heading", level=1)).to_have_text(
        re.compile("asks you to connect Slack")
    )
    tab.get_by_role("button", name="Continue").click()
    approve = tab.get_by_role("button", name="Approve")
    approve.wait_for()
    hosts = {urlsplit(desk.url).netloc, urlsplit(desk.cyclr_url).netloc}
    assert urlsplit(tab.url).netloc not in hosts, "the provider stands on a third host"
    approve.click()
    expect(tab.get_by_text("Connected", exact=True).first).to_be_visible()
    assert urlsplit(tab.url).netloc == urlsplit(desk.url).netloc

    # The agent's pages turn by themselves.
    expect(slack.locator('[data-state="authenticated"]').first).to_have_text("Authenticated")
    expect(agent_page.locator('.badge[data-state="connected"]')).to_have_text("Connected")

    # One of each in Cyclr, and no secret anywhere here.
    world = desk.cyclr_control("world")
    text = str(world)
    assert text.count("'Name': 'Slack'") >= 1
    assert "[desk:" not in text
    assert len(tokens) == 1
    browser_history = history_of(tab, desk)
    secrets = {
        "the typed key": KEY,
        "the sign-in token": tokens[0],
        "the client secret": "demo-secret-not-for-production",
        "the administrator's password": desk.admin_password,
        "the link's address": urlsplit(address).path.removeprefix("/c/"),
    }
    stored = everything_stored(desk)
    stored |= {f"staff's browser, {where}": kept for where, kept in kept_by(page, desk).items()}
    if kind == "embedded":  # the customer of the other run has no JavaScript
        theirs_kept = kept_by(tab, desk)
        del theirs_kept["cookies"]  # the way back to the link, for an hour
        stored |= {f"the customer's browser, {where}": kept for where, kept in theirs_kept.items()}
    for what, secret in secrets.items():
        for where, content in stored.items():
            assert secret not in content, f"{what} stands in {where}"
        if what != "the link's address":
            assert secret not in browser_history, f"{what} stands in the browser's history"
    assert "csp violation" not in desk.logs
    assert theirs_said == []


STORES = """async () => ({
  "local storage": JSON.stringify(localStorage),
  "session storage": JSON.stringify(sessionStorage),
  "databases": JSON.stringify(await indexedDB.databases()),
  "caches": JSON.stringify(await caches.keys()),
  "workers": JSON.stringify(await navigator.serviceWorker.getRegistrations()),
  "state of the history": JSON.stringify(history.state),
})"""
EMPTY = {"local storage": "{}", "databases": "[]", "caches": "[]", "workers": "[]"}
OURS = {"sessionid", "csrftoken", "familiar", "messages", "link", "session-ends"}


def kept_by(tab: Page, desk: Desk) -> dict[str, str]:
    """What a browser keeps of us, by the place where; all but the path it is on are cookies."""
    kept: dict[str, str] = tab.evaluate(STORES)
    host = urlsplit(desk.url).hostname
    cookies = [one for one in tab.context.cookies() if one["domain"] == host]
    in_reach = {one["name"] for one in cookies if not one["httpOnly"]}

    assert EMPTY.items() <= kept.items()
    assert set(json.loads(kept["session storage"])) <= {"htmx-current-path-for-history"}
    assert {one["name"] for one in cookies} <= OURS
    assert in_reach <= {"session-ends"}  # for the script that warns: moments alone
    return kept | {"cookies": str(cookies)}


def history_of(tab: Page, desk: Desk) -> str:
    """The entries of our own origin in a tab's history."""
    session = tab.context.new_cdp_session(tab)
    entries = session.send("Page.getNavigationHistory")["entries"]
    return "\n".join(entry["url"] for entry in entries if entry["url"].startswith(desk.url))
