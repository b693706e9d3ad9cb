"""A call to take along: it can be run, and holds no secret."""

from __future__ import annotations

import ast
import shlex
from html import unescape

import pytest
from django.test import Client

from cyclr_api.simulator import CyclrState
from dashboard.methods import snippets
from dashboard.methods.inputs import FIELD, Given
from dashboard.mirror.models import AccountConnector
from tests.methods.conftest import call_of, send, work
from tests.pages import text_of

NASTY = 'it\'s $(rm -rf /) "`x`" \\ \n ü'


@pytest.fixture
def given() -> list[Given]:
    """A parameter with everything that a shell minds, and a secret."""
    return [
        Given(id=7, target="a", label="A", value=NASTY),
        Given(group=FIELD, id=8, target="b", label="B", value="canary-5", is_secret=True),
    ]


def test_a_shell_and_python_read_the_same_values(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client, given: list[Given]
) -> None:
    send(agent, mailchimp, "List Subscribers")
    call = call_of()

    words = shlex.split(snippets.curl_of(call, given, has_body=False).replace("\\\n", ""))
    tree = ast.parse(snippets.python_of(call, given, has_body=False))
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]

    assert "Authorization: Bearer $CYCLR_TOKEN" in words
    assert ast.literal_eval(words[-1]) == {"Parameters": {"7": NASTY}, "Fields": {"8": "SECRET"}}
    assert words[3].endswith(f"/methods/{call.unique_id}")
    assert NASTY in texts and "canary-5" not in texts


def test_the_page_hands_out_neither_secret_nor_body(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client
) -> None:
    send(agent, mailchimp, "List Subscribers", Limit="25")
    work()

    page = unescape(text_of(agent.get(call_of().get_absolute_url())))

    assert "Copy as cURL" in page and "$CYCLR_TOKEN" in page
    assert cyclr.credentials[0][1] not in page
