"""Connectors' icons: taken from the library, drawn anew apart, shown beside names."""

from __future__ import annotations

import base64
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from cyclr_api.simulator import CyclrState
from cyclr_api.simulator.demo import icons as pictures
from dashboard.common.pictures import PictureError
from dashboard.consoles.models import Console
from dashboard.jobs.messages import Message
from dashboard.mirror import sync, tasks
from dashboard.mirror.icons import IconReader, add_icons, drawing, forget, icon_of, reading
from dashboard.mirror.icons.draw_apart import SIDE, drawn
from dashboard.mirror.icons.drawing import Drawer, DrawerError
from dashboard.mirror.icons.reading import picture_in
from dashboard.mirror.models import Account, AccountConnector, CatalogueConnector, Icon
from tests.factories import make_account, make_account_connector, make_connector, make_console


def picture(kind: str = "PNG", size: tuple[int, int] = (60, 40), mode: str = "RGBA") -> bytes:
    """A made-up picture."""
    out = io.BytesIO()
    Image.new(mode, size, {"RGBA": (200, 30, 30, 255)}.get(mode, "red")).save(out, kind)
    return out.getvalue()


def as_text(content: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


@pytest.fixture(scope="module")
def drawer() -> Iterator[Drawer]:
    with Drawer() as one:
        yield one


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


# ---- what a text holds ----


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_data_uri_holds_a_picture(kind: str) -> None:
    content = picture(kind, mode="RGB")

    assert picture_in(as_text(content, f"image/{kind.lower()}")) == content
    assert picture_in(as_text(content, "image/png;charset=utf-8")) == content


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (pictures.TRACKER, "not a picture but another text"),
        ("javascript:alert(1)", "not a picture but another text"),
        ("data:text/html,<script>alert(1)</script>", "not a picture but another text"),
        ("data:" + ";" * 100_000, "not a picture but another text"),
        (pictures.svg_icon(pictures.SVG_HOSTILE), "SVG pictures can hold scripts"),
        (as_text(pictures.SVG_HOSTILE.encode()), "SVG pictures can hold scripts"),
        (as_text(b"<html><script>alert(1)</script>", "text/html"), "not a kind of picture"),
        (pictures.NOT_BASE64, "it is not base64"),
        (pictures.BROKEN_PNG, "ends too early"),
        ("data:image/png;base64,", "not a kind of picture"),
        (pictures.plain_png(5000, 5000), "5,000 × 5,000 pixels"),
        (as_text(picture() + b"\0" * 300_000), "KB"),
        (as_text(picture() + b"<script>"), "Something else follows"),
    ],
)
def test_odd_icons_are_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(PictureError) as raised:
        picture_in(text)

    assert words in raised.value.why


# ---- drawn anew ----


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGBA"), ("PNG", "L"), ("JPEG", "RGB"), ("JPEG", "CMYK"), ("WEBP", "RGB")],
)
def test_a_picture_is_drawn_small(drawer: Drawer, kind: str, mode: str) -> None:
    small = opened(drawer.draw(picture(kind, (600, 300), mode)))

    assert small.size == (SIDE, SIDE // 2)
    assert small.mode == "RGBA"


def test_nothing_of_the_file_but_its_look_is_left(drawer: Drawer) -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "<script>alert(1)</script>"
    Image.new("RGB", (40, 40), "red").save(
        out, "PNG", exif=exif, icc_profile=b"<script>alert(2)</script>" * 9
    )

    small = drawer.draw(out.getvalue())

    assert opened(small).info == {}
    assert b"script" not in small


def test_both_frames_of_an_animation_are_one_picture(drawer: Drawer) -> None:
    out = io.BytesIO()
    frames = [Image.new("RGB", (30, 30), colour) for colour in ("red", "blue")]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])

    small = opened(drawer.draw(out.getvalue()))

    assert getattr(small, "n_frames", 1) == 1
    assert small.getpixel((15, 15)) == (255, 0, 0, 255)


@pytest.mark.parametrize(
    "content",
    [
        picture(size=(1, 1)),
        picture(size=(2, 200)),
        picture()[:60],
        b"",
        b"BM" + b"\0" * 100,
        base64.b64decode(pictures.plain_png(48, 48, is_blank=True).partition(",")[2]),
        base64.b64decode(pictures.plain_png(9000, 9000).partition(",")[2]),
    ],
    ids=["a point", "a stripe", "half", "nothing", "a bitmap", "blank", "vast"],
)
def test_what_cannot_be_an_icon_is_refused(drawer: Drawer, content: bytes) -> None:
    with pytest.raises(PictureError):
        drawer.draw(content)

    assert drawer.draw(picture())  # the next one is drawn


def test_the_same_is_drawn_in_this_process() -> None:
    assert opened(drawn(picture(size=(20, 20)))).size == (20, 20)
    with pytest.raises(ValueError, match="size"):
        drawn(picture(size=(1, 1)))
    with pytest.raises(ValueError, match="nothing"):
        drawn(base64.b64decode(pictures.plain_png(48, 48, is_blank=True).partition(",")[2]))


def test_sixteen_bits_of_grey_are_refused_rather_than_white() -> None:
    out = io.BytesIO()
    Image.new("I;16", (40, 40), 20_000).save(out, "PNG")

    with pytest.raises(ValueError, match="mode"):
        drawn(out.getvalue())


def test_the_process_apart_has_limits_and_no_environment() -> None:
    with Drawer() as one:
        one.draw(picture())
        assert one._process is not None
        place = f"/proc/{one._process.pid}"
        if not os.path.exists(place):
            pytest.skip("no /proc here")
        with open(f"{place}/limits") as limits:
            told = limits.read()
        with open(f"{place}/environ", "rb") as environment:
            assert environment.read() == b""

    lines = {line[:26].strip(): line[26:].split()[0] for line in told.splitlines()}
    assert lines["Max file size"] == "0"
    assert lines["Max open files"] == "3"
    assert int(lines["Max address space"]) < 2**30
    assert int(lines["Max cpu time"]) <= 60


def test_a_process_that_dies_of_a_picture_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with Drawer() as one:
        one.draw(picture())
        assert one._process is not None
        os.kill(one._process.pid, signal.SIGKILL)
        one._process.wait()
        with pytest.raises(PictureError, match="limits of time and memory"):
            one.draw(picture())

        assert one.draw(picture())


def script(body: str) -> list[str]:
    """A process that does this instead of drawing."""
    begin = "import sys, time, struct\nout = sys.stdout.buffer\n"
    ready = "out.write(b'\\0\\0\\0\\5ready'); out.flush()\n"
    return [sys.executable, "-c", begin + ready + body]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("time.sleep(60)", "limits of time"),
        ("out.write(b'\\xff\\xff\\xff\\xff'); out.flush(); time.sleep(60)", "limits of time"),
        ("out.write(b'\\0\\0\\0\\x09abc'); out.flush()", "limits of time"),
        ("out.write(b'\\0\\0\\0\\3abc'); out.flush(); time.sleep(60)", "not a kind of picture"),
    ],
    ids=["silent", "endless", "cut off", "not a picture"],
)
def test_nothing_that_the_process_does_is_believed(
    monkeypatch: pytest.MonkeyPatch, body: str, words: str
) -> None:
    monkeypatch.setattr(drawing, "COMMAND", script(body))
    monkeypatch.setattr(drawing, "LONGEST", 1.0)

    with Drawer() as one, pytest.raises(PictureError, match=words):
        one.draw(picture())


def test_without_a_process_no_picture_is_to_blame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "COMMAND", [sys.executable, "-c", "raise SystemExit(1)"])

    with Drawer() as one, pytest.raises(DrawerError):
        one.draw(picture())


def test_it_runs_by_itself_and_ends_with_its_input() -> None:
    ended = subprocess.run(drawing.COMMAND, input=b"", capture_output=True, timeout=30)

    assert ended.returncode == 0
    assert ended.stdout == b"\0\0\0\5ready"


# ---- the job ----


def an_icon(content: bytes | None = None, digest: str = "a" * 64) -> Icon:
    return Icon.objects.create(source_digest=digest, source=content or picture())


@pytest.mark.django_db
def test_a_batch_is_drawn_and_what_came_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    good, odd = an_icon(), an_icon(picture(size=(1, 1)), "b" * 64)

    tasks.draw_icons(0)

    good.refresh_from_db()
    odd.refresh_from_db()
    assert opened(bytes(good.content or b"")).size == (60, 40)
    assert len(good.digest) == 32
    assert good.source is None
    assert odd.source is None
    assert odd.content is None
    assert "damaged" in odd.refusal
    assert good.is_finished
    assert odd.is_finished


@pytest.mark.django_db
def test_what_is_left_when_the_time_is_over_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[Any, ...]] = []

    def send(message: Message, *arguments: Any) -> bool:
        sent.append(arguments)
        return True

    monkeypatch.setattr(Message, "send", send)
    monkeypatch.setattr(drawing, "WORKS_FOR", -1.0)
    one = an_icon()

    tasks.draw_icons(0)

    one.refresh_from_db()
    assert not one.is_finished
    assert one.leased_until is None
    assert sent == [(0,)]


@pytest.mark.django_db
def test_without_a_process_it_is_tried_again_and_then_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(drawing, "COMMAND", [sys.executable, "-c", "raise SystemExit(1)"])
    one = an_icon()

    for _ in range(3):
        Icon.objects.update(not_before=timezone.now())
        tasks.draw_icons(0)

    one.refresh_from_db()
    assert one.refusal == "It could not be drawn."
    assert one.source is None
    Icon.objects.update(finished_at=timezone.now() - timedelta(days=2))
    forget()
    assert not Icon.objects.exists()  # the next reading brings it again


# ---- from the library to a page ----


def draw_everything() -> None:
    while Icon.objects.open().exists():
        tasks.draw_icons(0)


def test_the_library_brings_its_icons(cyclr: CyclrState, console: Console) -> None:
    sync.refresh_accounts(console)
    sync.refresh_library(console)
    draw_everything()

    rows = {row.name: row for row in CatalogueConnector.objects.select_related("icon")}
    hubspot = rows["HubSpot"].icon
    assert hubspot is not None
    assert hubspot.digest
    assert rows["Old Handshake"].icon.digest  # a GIF
    assert rows["Unknown Grant"].icon.digest  # a WebP
    assert opened(bytes(rows["Status Unknown"].icon.content)).size == (96, 24)
    assert rows["No Version"].icon is None
    for odd in ("Icon Broken", "Icon Elsewhere", "Icon Drawn", "Planned Thing", "Beta Thing"):
        assert rows[odd].icon.refusal, odd
        assert not rows[odd].icon.digest
    assert not Icon.objects.exclude(source=None).exists()


def test_an_icon_is_stored_once_and_not_drawn_again(cyclr: CyclrState, console: Console) -> None:
    sync.refresh_accounts(console)
    sync.refresh_library(console)
    draw_everything()
    before = list(Icon.objects.values_list("pk", "digest", "attempt"))
    assert len(before) < CatalogueConnector.objects.exclude(icon=None).count()

    written = sync.refresh_library(console)

    assert list(Icon.objects.values_list("pk", "digest", "attempt")) == before
    assert written.changed == 0


def change(cyclr: CyclrState, name: str, **values: Any) -> None:
    """Every release of this name is another one under the same id."""
    for one in [each for each in cyclr.connectors.values() if each.name == name]:
        cyclr.connectors.remove(one)
        cyclr.connectors.add({**one.document, **values})


def test_an_icon_that_is_gone_or_new_upstream_is_so_here(
    cyclr: CyclrState, console: Console
) -> None:
    sync.refresh_accounts(console)
    sync.refresh_library(console)
    change(cyclr, "HubSpot", Icon=None)
    change(cyclr, "Airtable", Icon=as_text(picture()))

    sync.refresh_library(console)

    rows = {row.name: row for row in CatalogueConnector.objects.select_related("icon")}
    assert rows["HubSpot"].icon is None
    assert rows["Airtable"].icon.source_digest == IconReader(())(as_text(picture()))


def test_a_reading_holds_only_so_much(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    monkeypatch.setattr(reading, "MOST_KEPT", len(picture()))
    icons = IconReader(())

    assert icons(as_text(picture())) == icons(as_text(picture()))
    assert icons(as_text(picture(size=(61, 40)))) == ""
    assert icons(pictures.TRACKER)  # what is refused takes no room
    assert icons("") == icons("null") == ""


@pytest.mark.django_db
def test_each_row_of_a_page_gets_the_icon_of_its_version_else_of_its_name(
    django_assert_num_queries: Any,
) -> None:
    drawn_ones = [
        Icon.objects.create(source_digest=letter * 64, content=b"x", digest=letter * 32)
        for letter in "ab"
    ]
    old = make_connector(name="HubSpot", version="1", icon=drawn_ones[0], release_id=1)
    new = make_connector(
        console=old.console, name="HubSpot", version="2", icon=drawn_ones[1], release_id=2
    )
    refused = Icon.objects.create(source_digest="c" * 64, refusal="SVG")
    make_connector(console=old.console, name="Drawn", icon=refused)
    elsewhere = make_connector(console=make_console(), name="HubSpot", version="1")
    account = make_account(console=old.console)
    kinds = [("HubSpot", "1"), ("HubSpot", "0.9"), ("Drawn", "")]
    rows: list[AccountConnector | CatalogueConnector] = [
        make_account_connector(account=account, connector_name=name, connector_version=version)
        for name, version in kinds
    ]
    rows += [elsewhere, new]

    with django_assert_num_queries(1):
        add_icons(rows)

    assert [row.icon_digest[:1] for row in rows] == ["a", "b", "", "", "b"]
    with django_assert_num_queries(0):
        add_icons([])
    assert icon_of(new) == "b" * 32


@pytest.mark.django_db
def test_icons_that_nobody_has_are_forgotten_after_a_month() -> None:
    long_ago = timezone.now() - timedelta(days=40)
    for letter in "abc":
        Icon.objects.create(
            source_digest=letter * 64,
            content=b"x",
            digest=letter * 32,
            finished_at=long_ago,
            used_at=timezone.now() if letter == "c" else long_ago,
        )
    make_connector(icon_id="a" * 64)

    forget()

    assert set(Icon.objects.values_list("source_digest", flat=True)) == {"a" * 64, "c" * 64}


def test_an_icon_is_served_to_everybody_for_good_and_as_a_picture_alone(
    client: Client, db: None
) -> None:
    an_icon()
    tasks.draw_icons(0)
    icon = Icon.objects.get()

    answer = client.get(f"/c/icon/{icon.digest}")

    assert answer.status_code == 200
    assert answer.content == bytes(icon.content or b"")
    assert answer["Content-Type"] == "image/png"
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert not answer.cookies
    for wrong in ("0" * 32, "x", "%00" * 32, icon.source_digest, icon.digest.upper()):
        assert client.get(f"/c/icon/{wrong}").status_code == 404


def test_lists_read_no_pictures(
    cyclr: CyclrState, harbour: Account, django_assert_max_num_queries: Any, agent: Client
) -> None:
    sync.refresh_library(harbour.console)
    draw_everything()

    with django_assert_max_num_queries(40) as queries:
        answer = agent.get("/connectors/")

    assert b'class="avatar" src="/c/icon/' in answer.content
    assert b'width="28" height="28" alt="" loading="lazy"' in answer.content
    assert not [one for one in queries.captured_queries if '"content"' in one["sql"]]
    asked = [one for one in queries.captured_queries if "mirror_icon" in one["sql"]]
    assert len(asked) == 1
