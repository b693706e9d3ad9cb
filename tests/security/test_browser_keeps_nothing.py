"""What a browser, or a cache on the way, keeps of staff's pages: nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from tests.factories import make_user
from tests.pages import signed_in, text_of

ROOT = Path(settings.BASE_DIR)


@pytest.mark.django_db
def test_two_people_behind_one_proxy_get_their_own_pages() -> None:
    ada, bob = make_user(name="Ada Unmistakable"), make_user(name="Bob Unmistakable")
    first = signed_in(ada).get(reverse("profile"))
    second = signed_in(bob).get(reverse("profile"))

    assert "Bob Unmistakable" in text_of(second) and "Ada Unmistakable" not in text_of(second)
    for answer in (first, second):
        assert answer["Cache-Control"] == "no-store" and "Cookie" in answer["Vary"]


def test_nothing_caches_pages_on_the_server() -> None:
    assert not [name for name in settings.MIDDLEWARE if "Cache" in name]
    decorated = [
        path
        for path in (ROOT / "dashboard").rglob("*.py")
        if re.search(r"\bcache_page\b|\bcache_control\(public", path.read_text(encoding="utf-8"))
    ]
    assert decorated == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "static" / "js").glob("*.js")), ids=lambda p: p.name
)
def test_no_script_stores_anything_in_the_browser(path: Path) -> None:
    stores = r"\b(localStorage|sessionStorage|indexedDB|caches)\b"

    assert not re.search(stores, path.read_text(encoding="utf-8"))
