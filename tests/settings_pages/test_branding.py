"""How customers see the partner: the page that says so, and what customers get of it."""

from __future__ import annotations

import random
import re
import struct
import zlib
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from dashboard.audit.models import AuditEntry
from dashboard.common.pictures import PictureError, picture_from
from dashboard.consoles import colours
from dashboard.consoles.branding import brand_of
from dashboard.consoles.models import Branding, Console
from dashboard.people.models import Role
from tests.factories import (
    make_account,
    make_account_connector,
    make_console,
    make_link,
    make_user,
)
from tests.pages import HOSTILE, assert_only_letters, nothing_changes, part, signed_in, text_of

pytestmark = pytest.mark.django_db


def chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    whole = name + content
    return struct.pack(">I", len(content)) + whole + struct.pack(">I", zlib.crc32(whole))


def png(width: int = 2, height: int = 2, more: bytes = b"") -> bytes:
    """A grey PNG."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x80" * min(width, 9) for _ in range(min(height, 9))))
    parts = chunk(b"IHDR", header) + more + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def jpeg(width: int = 2, height: int = 2) -> bytes:
    """The head of a JPEG, with filling and a comment before its frame."""
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    return b"\xff\xd8\xff\xfe\x00\x05abc\xff" + frame + b"\xff\xd9"


def webp(kind: bytes, content: bytes) -> bytes:
    """A WebP with one chunk."""
    body = b"WEBP" + kind + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_plain(width: int, height: int) -> bytes:
    return webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height))


def webp_lossless(width: int, height: int) -> bytes:
    return webp(b"VP8L", b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14))


def webp_large(width: int, height: int) -> bytes:
    size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    return webp(b"VP8X", b"\0\0\0\0" + size)


@pytest.fixture
def console() -> Console:
    """The only console there is."""
    return make_console(name="EU live", partner_name="Larkfield", support_email="help@lark.example")


@pytest.fixture
def admin(console: Console) -> Client:
    """An administrator's browser."""
    return signed_in(make_user(Role.ADMIN, name="Ada Admin"))


def address(console: Console) -> str:
    """The page about one console."""
    return f"{reverse('brand_edit')}?console={console.pk}"


def save(admin: Client, console: Console, **values: Any) -> Any:
    """Open the page and save it with these entries."""
    page = text_of(admin.get(address(console)))
    version = re.search(r'name="version" value="([^"]*)"', page)
    assert version
    return admin.post(address(console), {"version": version.group(1), **values})


def upload(content: bytes, name: str = "logo.png") -> SimpleUploadedFile:
    """A file as a browser sends it, with a type that says nothing."""
    return SimpleUploadedFile(name, content, content_type="image/png")


def customer_page(console: Console) -> str:
    """What a customer with a link sees."""
    account = make_account(console=console)
    link = make_link(connectors=[make_account_connector(account=account)])
    return text_of(Client().get(urlsplit(link.url()).path))


# ---- who ----


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AGENT, Role.LEAD])
@pytest.mark.parametrize("name", ["brand_edit", "brand_preview"])
def test_branding_is_for_administrators(role: Role, name: str, console: Console) -> None:
    assert signed_in(make_user(role)).get(reverse(name)).status_code == 403


def test_an_administrator_of_one_console_brands_that_one_alone(console: Console) -> None:
    other = make_console(name="Elsewhere")
    admin = signed_in(make_user(Role.ADMIN, console=console))

    page = text_of(admin.get(reverse("brand_edit")))
    refused = admin.post(address(other), {"partner_name": "Mine now"})

    assert "Elsewhere" not in page
    assert refused.status_code == 404
    assert not Branding.objects.exists()


def test_without_a_console_the_page_says_so() -> None:
    page = signed_in(make_user(Role.ADMIN)).get(reverse("brand_edit"))

    assert page.status_code == 200
    assert "No console to brand" in text_of(page)


@pytest.mark.parametrize("asked", ["999999", "x", "-1", "1e9", "\u0661"])
def test_a_console_that_is_not_there_is_not_found(asked: str, admin: Client) -> None:
    assert admin.get(reverse("brand_edit"), {"console": asked}).status_code == 404


def test_each_of_several_consoles_is_one_press_away(admin: Client, console: Console) -> None:
    other = make_console(name="US live")

    page = text_of(admin.get(address(other)))

    assert f'href="{address(console)}"' in page
    assert re.search(rf'href="{re.escape(address(other))}" aria-current="true"', page)


# ---- saving ----


def test_what_is_saved_is_what_customers_see(admin: Client, console: Console) -> None:
    answer = save(
        admin,
        console,
        partner_name="Larkfield & Sons",
        support_email="care@lark.example",
        colour="0F6B5C",
        privacy_url="https://lark.example/privacy",
        imprint_url="https://lark.example/imprint",
        logo=upload(png()),
    )

    page = customer_page(console)
    row = Branding.objects.get()
    assert answer.status_code == 302
    assert "Larkfield &amp; Sons" in page
    assert 'href="mailto:care@lark.example"' in page
    assert '<link rel="stylesheet" href="/c/brand/0f6b5c.css">' in page
    assert f'<img src="/c/brand/{console.pk}/{row.logo_digest}" alt="">' in page
    assert '<a href="https://lark.example/privacy" rel="noreferrer">Privacy</a>' in page
    assert '<a href="https://lark.example/imprint" rel="noreferrer">Legal notice</a>' in page


def test_without_branding_customers_see_the_console_s_own_words(console: Console) -> None:
    brand = brand_of(console)
    page = customer_page(console)

    assert (brand.name, brand.support_email) == ("Larkfield", "help@lark.example")
    assert "/c/brand/" not in page
    assert "Privacy" not in page


def test_what_is_emptied_falls_back(admin: Client, console: Console) -> None:
    save(admin, console, partner_name="Another", colour="#123456")

    save(admin, console, partner_name="", colour="")

    assert brand_of(console).name == "Larkfield"
    assert brand_of(console).css_url == ""


def test_the_trail_tells_what_was_changed_and_by_whom(admin: Client, console: Console) -> None:
    save(admin, console, partner_name="Lark", privacy_url="https://lark.example/p")

    entry = AuditEntry.objects.get(action="settings.brand")
    assert entry.actor_name == "Ada Admin"
    assert entry.console == console
    assert entry.details == {"changed": ["partner_name", "privacy_url"]}
    assert entry.target_url == address(console)


def test_saving_the_same_again_leaves_no_trace(admin: Client, console: Console) -> None:
    save(admin, console, partner_name="Lark", logo=upload(png()))

    save(admin, console, partner_name="Lark", logo=upload(png()))

    assert AuditEntry.objects.filter(action="settings.brand").count() == 1


def test_a_logo_stays_until_it_is_removed(admin: Client, console: Console) -> None:
    save(admin, console, logo=upload(png()))
    save(admin, console, partner_name="Lark")
    kept = Branding.objects.get().logo_digest

    save(admin, console, partner_name="Lark", has_no_logo="on")

    row = Branding.objects.get()
    assert kept
    assert (row.logo, row.logo_type, row.logo_digest) == (None, "", "")


def test_two_administrators_do_not_write_over_each_other_unseen(
    admin: Client, console: Console
) -> None:
    page = text_of(admin.get(address(console)))
    version = re.findall(r'name="version" value="([^"]*)"', page)[0]
    save(admin, console, partner_name="The other's")

    mine = {"version": version, "partner_name": "Mine"}
    refused = admin.post(address(console), mine)
    again = re.findall(r'name="version" value="([^"]*)"', text_of(refused))[0]
    meant = admin.post(address(console), mine | {"version": again})

    assert refused.status_code == 422
    assert "Somebody else changed this in the meantime" in text_of(refused)
    assert 'value="Mine"' in text_of(refused)
    assert meant.status_code == 302
    assert Branding.objects.get().partner_name == "Mine"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("support_email", "nobody", "Give an address like jane@customer.example."),
        ("support_email", "a@b.example\r\nBcc: x@y.example", "give one address"),
        ("partner_name", "a\nb", "A name is one line of text."),
        ("partner_name", "x" * 201, "at most 200 characters"),
        ("language", "xx", "Select a valid choice"),
        ("colour", "green", "Enter a colour as # and six digits"),
        ("colour", "#12345", "Enter a colour as # and six digits"),
        ("colour", "red;}body{}", "Enter a colour as # and six digits"),
        ("privacy_url", "http://lark.example", "begins with https://"),
        ("privacy_url", "javascript:alert(1)", "begins with https://"),
        ("privacy_url", "https://good.example@evil.example", "begins with https://"),
        ("privacy_url", "https://[::1", "begins with https://"),
        ("imprint_url", "//evil.example", "begins with https://"),
        ("imprint_url", "https://" + "x" * 500 + ".example", "at most 500 characters"),
    ],
)
def test_what_cannot_be_taken_is_said_and_nothing_is_lost(
    field: str, value: str, words: str, admin: Client, console: Console
) -> None:
    other = "partner_name" if field != "partner_name" else "support_email"
    kept = {"partner_name": "Kept name", "support_email": "kept@lark.example"}[other]

    with nothing_changes():
        answer = save(admin, console, **{field: value, other: kept})

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert f'value="{kept}"' in text_of(answer)


def test_a_good_picture_beside_a_wrong_entry_is_asked_for_again(
    admin: Client, console: Console
) -> None:
    answer = save(admin, console, colour="green", logo=upload(png()))

    assert "Choose the picture again: it was not kept." in text_of(answer)
    assert "Two fields need another look" in text_of(answer)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_only_letters_to_customers_and_staff(
    name: str, admin: Client, console: Console
) -> None:
    answer = save(admin, console, partner_name=name)
    if answer.status_code == 422:
        Branding.objects.create(console=console, partner_name=name[:200].replace("\x00", ""))

    assert_only_letters(text_of(admin.get(address(console))))
    assert_only_letters(customer_page(console))


# ---- the preview ----


def test_the_preview_shows_what_is_typed_and_stores_nothing(
    admin: Client, console: Console
) -> None:
    with nothing_changes():
        shown = part(
            admin,
            reverse("brand_preview"),
            "brand-preview",
            console=console.pk,
            partner_name="Typed just now",
            colour="#ffd54a",
            language="de",
        )

    page = text_of(shown)
    assert page.strip().startswith("<aside")
    assert "Typed just now bittet Sie, HubSpot zu verbinden" in page
    assert 'href="/c/brand/ffd54a.css"' in page
    assert "1.4 : 1" in page
    assert colours.palette("#ffd54a").fill[0] in page


def test_the_preview_keeps_what_is_stored_where_the_entry_is_wrong(
    admin: Client, console: Console
) -> None:
    save(admin, console, colour="#0f6b5c")

    shown = part(admin, reverse("brand_preview"), console=console.pk, colour="#0f6b", language="x")

    assert 'href="/c/brand/0f6b5c.css"' in text_of(shown)


# ---- the logo ----


@pytest.mark.parametrize(
    ("content", "kind", "size"),
    [
        (png(300, 40), "image/png", (300, 40)),
        (png(more=chunk(b"tEXt", b"a\0b")), "image/png", (2, 2)),
        (jpeg(640, 480), "image/jpeg", (640, 480)),
        (webp_plain(1024, 3), "image/webp", (1024, 3)),
        (webp_lossless(5, 1024), "image/webp", (5, 1024)),
        (webp_large(70, 80), "image/webp", (70, 80)),
    ],
)
def test_a_picture_s_kind_and_size_are_read_from_itself(
    content: bytes, kind: str, size: tuple[int, int]
) -> None:
    picture = picture_from(content)

    assert (picture.type, picture.width, picture.height) == (kind, *size)


SVG = b'<?xml version="1.0"?><!-- x --><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (SVG, "SVG pictures can hold scripts"),
        (b"  <SVG/>", "SVG pictures can hold scripts"),
        (b"", "not a kind of picture"),
        (b"<html><script>alert(1)</script>", "not a kind of picture"),
        (b"GIF89a" + b"\0" * 40, "not a kind of picture"),
        (png(1025, 2), "1,025 × 2 pixels"),
        (png(2, 2**31), "pixels"),
        (png(0, 2), "it has no size"),
        (png()[:40], "ends too early"),
        (png().replace(b"\0\0\0\x02", b"\0\0\0\x03", 1), "damaged"),
        (png() + b"<script>alert(1)</script>", "Something else follows"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"IDAT", b"x"), "it has no size"),
        (png(more=chunk(b"IHDR", b"\0\0\xff\xff" * 2 + b"\x08\0\0\0\0")), "it has two sizes"),
        (png()[:33] + chunk(b"IEND", b""), "there is nothing in it"),
        (jpeg()[:-2], "its end is missing"),
        (jpeg() + b"<script>alert(1)</script>", "its end is missing"),
        (jpeg(5000, 10), "5,000 × 10 pixels"),
        (b"\xff\xd8\xff\xd9", "it has no size"),
        (b"\xff\xd8\xff\xfe\x00\x00", "ends too early"),
        (b"\xff\xd8\xff\xda\x00\x00", "it has no size"),
        (b"\xff\xd8\xff\xfe\x00\x03ab", "damaged"),
        (b"\xff\xd8\xff" + b"\xff" * 100, "ends too early"),
        (webp_plain(0, 3), "it has no size"),
        (webp_large(4096, 4096), "4,096 × 4,096 pixels"),
        (webp(b"EVIL", b"x" * 30), "it has no size"),
        (webp_lossless(5, 5) + b"more", "not as long as it says"),
        (png() + b"\0" * 300_000, "KB"),
    ],
)
def test_what_is_no_good_picture_is_refused_in_words(
    content: bytes, words: str, admin: Client, console: Console
) -> None:
    with nothing_changes():
        answer = save(admin, console, partner_name="Kept name", logo=upload(content))

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert "Use a PNG, JPEG or WebP picture" in text_of(answer)
    assert 'value="Kept name"' in text_of(answer)


@given(st.binary(max_size=400), st.sampled_from([png(), jpeg(), webp_large(9, 9), b""]))
def test_no_bytes_do_more_than_be_refused(noise: bytes, start: bytes) -> None:
    cut = random.Random(noise).randrange(len(start) + 1)

    try:
        picture = picture_from(start[:cut] + noise)
    except PictureError as error:
        assert str(error)
    else:
        assert 0 < picture.width <= 1024
        assert 0 < picture.height <= 1024


def test_the_logo_is_served_as_a_picture_and_as_nothing_else(
    admin: Client, console: Console
) -> None:
    content = png(more=chunk(b"tEXt", b"<script>alert(1)</script>"))
    save(admin, console, logo=upload(content, "evil.svg"))

    answer = Client().get(brand_of(console).logo_url)

    assert answer.content == content
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "immutable" in answer["Cache-Control"]
    assert "Set-Cookie" not in answer


def test_a_logo_that_was_replaced_or_is_another_s_is_not_found(
    admin: Client, console: Console
) -> None:
    save(admin, console, logo=upload(png()))
    old = brand_of(console).logo_url
    save(admin, console, logo=upload(jpeg()))
    new = brand_of(console).logo_url
    other = make_console()

    assert Client().get(old).status_code == 404
    assert Client().get(new)["Content-Type"] == "image/jpeg"
    assert Client().get(new.replace(f"/{console.pk}/", f"/{other.pk}/")).status_code == 404


@pytest.mark.parametrize("digest", ["%00", "a%00b", "A" * 64, "0" * 63, "%ED%A0%80", "None"])
def test_a_logo_s_address_that_never_was_one_is_not_looked_up(
    digest: str, console: Console, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        answer = Client().get(f"/c/brand/{console.pk}/{digest}")

    assert answer.status_code == 404


def test_a_page_for_customers_does_not_read_the_logo(
    admin: Client, console: Console, django_assert_num_queries: Any
) -> None:
    save(admin, console, logo=upload(png()))

    with django_assert_num_queries(1) as queries:
        brand_of(console)

    assert '"logo",' not in queries.captured_queries[0]["sql"]


# ---- the colour ----

ANY_COLOUR = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(ANY_COLOUR)
def test_every_colour_becomes_one_that_can_be_read(colour: str) -> None:
    found = colours.palette(colour)

    for text, fill, over in zip(found.on, found.fill, found.over, strict=True):
        assert colours.contrast(text, fill) >= 4.5
        assert colours.contrast(text, over) >= 4.5
    for ground in colours.LIGHT_GROUNDS:
        assert colours.contrast(found.ink[0], ground) >= 4.5
        assert colours.contrast(found.edge[0], ground) >= 3
    for ground in colours.DARK_GROUNDS:
        assert colours.contrast(found.ink[1], ground) >= 4.5
        assert colours.contrast(found.fill[1], ground) >= 3


@pytest.mark.parametrize("colour", ["#434ab8", "#0f6b5c", "#000000", "#b00020"])
def test_a_colour_that_can_be_read_stays_as_it_was_chosen(colour: str) -> None:
    found = colours.palette(colour)

    assert found.fill[0] == found.ink[0] == colour
    assert found.on[0] == "#ffffff"


@pytest.mark.parametrize("colour", ["#ffd54a", "#ff8c42", "#8fd19e", "#00b8d4", "#f5f5f5"])
def test_a_light_colour_stays_light_and_carries_dark_text(colour: str) -> None:
    found = colours.palette(colour)

    assert found.fill[0] == colour
    assert found.on[0] == colours.DARK


def test_contrast_is_the_one_of_the_guidelines() -> None:
    assert colours.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colours.contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


def test_the_grounds_are_those_of_the_style_sheet() -> None:
    sheet = (settings.BASE_DIR / "static/css/tokens.css").read_text()
    for name in ("paper", "side", "sunk", "raised"):
        found = re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", sheet)
        assert found
        light, dark = found.groups()
        assert light.replace("#fff", "#ffffff") in colours.LIGHT_GROUNDS or light in (
            colours.LIGHT_GROUNDS
        )
        assert dark in colours.DARK_GROUNDS


def test_the_style_sheet_of_a_colour_says_colours_and_nothing_else() -> None:
    answer = Client().get(reverse("brand_css", args=["0f6b5c"]))

    assert answer["Content-Type"].startswith("text/css")
    assert "max-age=86400" in answer["Cache-Control"]
    pair = r"light-dark\(#[0-9a-f]{6},#[0-9a-f]{6}\)"
    places = ("", "-on", "-over", "-edge", "-ink")
    whole = ":root{" + ";".join(f"--brand{place}:{pair}" for place in places) + "}\n"
    assert re.fullmatch(whole, answer.content.decode())
    assert "--brand:light-dark(#0f6b5c," in answer.content.decode()


@pytest.mark.parametrize("colour", ["0F6B5C", "0f6", "0f6b5", "red", "0f6b5c}x{", "%230f6b5c"])
def test_there_is_no_style_sheet_of_anything_else(colour: str) -> None:
    assert Client().get(f"/c/brand/{colour}.css").status_code == 404


def test_states_keep_their_own_tones_under_every_brand() -> None:
    sheets = (settings.BASE_DIR / "static/css").glob("*.css")

    whole = "\n".join(sheet.read_text() for sheet in sheets)

    tones = re.findall(r"--tone: var\((--[\w-]+)\)", whole)
    assert tones
    assert "--accent" not in tones
    guest = (settings.BASE_DIR / "static/css/guest.css").read_text()
    for token in ("--moving", "--ok", "--warn", "--bad"):
        assert f"{token}:" not in guest
