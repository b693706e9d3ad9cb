"""What templates say over and over, with text that means no good."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
import time_machine
from django import forms
from django.template import Context, Engine, Template
from django.test import RequestFactory
from django.urls import NoReverseMatch
from django.utils import timezone
from django.utils.html import format_html
from hypothesis import given
from hypothesis import strategies as st

from dashboard.common import timing

anything = st.text(st.characters(codec=None), max_size=100)
TRICKS = st.sampled_from(
    [
        '"><img src=x onerror=alert(1)>',
        "</span><script>",
        "'",
        "&lt;",
        "`",
        "\u202e",
        "\x00",
        "{{x}}",
    ]
)
hostile = st.lists(st.one_of(TRICKS, anything), max_size=4).map("".join)


def draw(source: str, **context: Any) -> str:
    return Template(source).render(Context(context))


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("{% url 'account_list' %}", "/accounts/"),
        ("{% url 'account_detail' 7 %}", "/accounts/7/"),
        ("{% url name pk %}", "/accounts/7/"),
        ("{% url name pk=pk %}", "/accounts/7/"),
        ("{% url 'settings_audit_nowhere' as there %}[{{ there }}]", "[]"),
        ("{% url name pk as there %}[{{ there }}]", "[/accounts/7/]"),
        ("{% url 'campaign_detail' '<b>' as there %}[{{ there }}]", "[]"),
    ],
)
def test_addresses_are_those_of_django(source: str, address: str) -> None:
    assert draw(source, name="account_detail", pk=7) == address
    assert Engine().from_string(source).render(Context({"name": "account_detail", "pk": 7})) == (
        address
    )


def test_an_address_that_is_none_is_an_error() -> None:
    with pytest.raises(NoReverseMatch):
        draw("{% url 'account_detail' %}")
    with pytest.raises(NoReverseMatch):
        draw("{% url 'nowhere' 7 %}")


class Tags(HTMLParser):
    """The names of all elements of a piece of HTML, and of their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}


def tags_of(html: str) -> Tags:
    tags = Tags()
    tags.feed(html)
    return tags


@given(hostile)
def test_no_text_becomes_markup(text: str) -> None:
    html = draw(
        '{% untrusted text %}{% copyable text "id" %}{% avatar text %}{% local_time text %}'
        '{% state "done" text %}{% badge text text %}<i title="{{ text|plain }}"></i>'
        "{{ text|initials }}{{ text|spaced }}",
        text=text,
    )

    html.encode("utf-8", "surrogatepass")
    tags = tags_of(html)
    assert tags.elements <= {"bdi", "span", "code", "button", "svg", "use", "i", "time"}
    assert not {name for name in tags.attributes if name.startswith(("on", "hx-", "style"))}


def test_an_icon_says_nothing_to_a_screen_reader_and_comes_from_here() -> None:
    assert draw('{% avatar text digest "l" %}', text="<b>", digest="0f" * 16) == (
        f'<img class="avatar l" src="/c/icon/{"0f" * 16}" width="40" height="40" alt="" '
        'loading="lazy">'
    )
    assert draw("{% avatar text digest %}", text="HubSpot", digest="") == (
        '<span class="avatar" aria-hidden="true">Hs</span>'
    )


def test_foreign() -> None:
    assert draw("{% untrusted text %}", text="a & b") == "<bdi>a &amp; b</bdi>"
    assert draw("{% untrusted text %}", text="  ") == '<span class="nameless">No name</span>'
    assert (
        draw('{% untrusted text "No key" %}', text=None) == '<span class="nameless">No key</span>'
    )
    assert draw("{% untrusted text %}", text="a\u202eb") == (
        '<bdi>a<span class="ctl" title="Right-to-left override, made visible">U+202E</span>b</bdi>'
    )


def test_plain_is_for_attributes() -> None:
    assert draw("{{ text|plain }}", text='a\u202e"b') == "aU+202E&quot;b"
    assert draw("{{ text|plain }}", text="") == "No name"


def test_the_copy_button_copies_what_it_really_is() -> None:
    html = draw('{% copyable text "id" %}', text="a\u200bb")

    assert 'data-copy-text="a\u200bb"' in html
    assert 'aria-label="Copy id aU+200Bb"' in html
    assert draw("{% copyable text %}", text="") == '<span class="muted-2">–</span>'


def test_states() -> None:
    assert draw('{% state "not-authenticated" %}') == (
        '<span class="state" data-state="not-authenticated">Not authenticated</span>'
    )
    assert draw('{% badge "Partly connected" "2 of 3" %}') == (
        '<span class="badge" data-state="partly-connected">2 of 3</span>'
    )


def test_numbers() -> None:
    numbers = [10482, -1, 1234.5, "x", None, True]
    assert [draw("{{ n|spaced }}", n=n) for n in numbers] == [
        "10,482",
        "-1",
        "1,234.5",
        "x",
        "None",
        "True",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "just now"),
        (1.9, "just now"),
        (40, "40 s ago"),
        (59.9, "59 s ago"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (7200, "2 h ago"),
        (86400, "1 d ago"),
        (30.9 * 86400, "30 d ago"),
        (31 * 86400, "7 Feb 2026"),
        (-20, "in 20 s"),
        (-3 * 3600, "in 3 h"),
        (-7 * 86400, "in 7 d"),
    ],
)
def test_how_long_ago(seconds: float, words: str) -> None:
    now = datetime(2026, 3, 10, 14, 31, tzinfo=UTC)

    assert timing.format_ago(now - timedelta(seconds=seconds), now) == words


def test_times_carry_the_exact_moment() -> None:
    moment = datetime(2026, 3, 10, 14, 31, 5, tzinfo=UTC)
    with time_machine.travel(moment + timedelta(minutes=4), tick=False):
        assert draw("{% ago m %}", m=moment) == (
            '<time datetime="2026-03-10T14:31:05+00:00" title="10 Mar 2026, 14:31:05 UTC">'
            "4 min ago</time>"
        )
        assert "10 Mar 2026, 14:31:05 UTC</time>" in draw("{% exact m %}", m=moment)
        assert ">14:31 UTC</time>" in draw("{% clock m %}", m=moment)
        assert "9 Mar 2026, 14:31 UTC" in draw("{% clock m %}", m=moment - timedelta(days=1))
        assert "14:35</time> there, <bdi>Europe/London" in draw('{% local_time "Europe/London" %}')
    assert draw("{% ago m %}", m=None) == '<span class="muted-2">–</span>'
    assert draw('{% exact m "Never" %}', m=None) == '<span class="muted-2">Never</span>'


def test_a_moment_says_utc_and_leaves_its_form_to_the_script() -> None:
    moment = datetime(2026, 3, 10, 14, 31, 5, tzinfo=UTC)
    for form, words in [
        ("exact", "10 Mar 2026, 14:31:05 UTC"),
        ("short", "10 Mar, 14:31 UTC"),
        ("row", "10 Mar 2026, 14:31"),
        ("step", "10 Mar, 14:31:05"),
    ]:
        assert draw("{% at m form %}", m=moment, form=form) == (
            f'<time datetime="2026-03-10T14:31:05+00:00" data-form="{form}" '
            f'title="10 Mar 2026, 14:31:05 UTC">{words}</time>'
        )
    assert draw('{% at m "short" %}', m=None) == '<span class="muted-2">–</span>'


@time_machine.travel(datetime(2026, 3, 10, 14, 31, tzinfo=UTC), tick=False)
@pytest.mark.parametrize(
    ("sentence", "moments"),
    [
        ("Works until 9 Mar 2026, 14:02 UTC: not opened.", ["2026-03-09T14:02:00+00:00"]),
        ("Tried again at 14:02:07 UTC.", ["2026-03-10T14:02:07+00:00"]),
        ("From 09:00 UTC to 10:00 UTC", ["2026-03-10T09:00:00+00:00", "2026-03-10T10:00:00+00:00"]),
        ("31 Feb 2026, 14:02 UTC, 25:00 UTC, 14:02 UTCX, ١٤:٠٢ UTC", []),
        ("No time", []),
    ],
)
def test_moments_in_a_sentence_become_times(sentence: str, moments: list[str]) -> None:
    html = draw("{% timed said %}", said=sentence)

    assert re.findall(r'datetime="([^"]+)"', html) == moments
    if not moments:
        assert html == f"<bdi>{sentence}</bdi>"


def test_a_sentence_with_a_time_stays_untrusted() -> None:
    html = draw("{% timed said %}", said="<b>x</b> \u202e until 14:02 UTC & <i>")

    assert "&lt;b&gt;x&lt;/b&gt;" in html
    assert "U+202E" in html
    assert html.endswith(" &amp; &lt;i&gt;</bdi>")


@pytest.mark.parametrize(
    ("zone", "now", "offsets"),
    [
        ("Europe/London", datetime(2026, 3, 10, tzinfo=UTC), [0]),
        ("Asia/Kathmandu", datetime(2026, 3, 10, tzinfo=UTC), [20700]),
        ("Europe/London", datetime(2026, 3, 28, tzinfo=UTC), [0, 3600]),
        ("Australia/Lord_Howe", datetime(2026, 4, 1, tzinfo=UTC), [39600, 37800]),
        ("Mars/Base", datetime(2026, 3, 10, tzinfo=UTC), []),
    ],
)
def test_offsets_are_told_ahead_for_as_long_as_a_page_may_be_open(
    zone: str, now: datetime, offsets: list[int]
) -> None:
    found = timing.offsets(zone, now)

    assert [ahead for _, ahead in found] == offsets
    assert [since for since, _ in found][:1] == [int(now.timestamp())][: len(offsets)]


def test_an_offset_begins_with_its_second() -> None:
    (_, (since, _)) = timing.offsets("Europe/London", datetime(2026, 3, 28, tzinfo=UTC))

    assert datetime.fromtimestamp(since, UTC) == datetime(2026, 3, 29, 1, tzinfo=UTC)


@given(anything)
def test_any_zone_name_can_be_drawn(name: str) -> None:
    draw("{% local_time name %}", name=name)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "/etc/localtime", "Mars/Base", "a\x00b"])
def test_a_zone_nobody_knows_has_no_clock(name: str) -> None:
    assert "there" not in draw("{% local_time name %}", name=name)


@pytest.mark.parametrize("year", [1, 9999])
def test_the_ends_of_time(year: int) -> None:
    moment = datetime(year, 1, 1, 12, tzinfo=UTC)

    assert str(year) in draw("{% ago m %}{% exact m %}{% clock m %}", m=moment)


def test_links_keep_the_filters() -> None:
    request = RequestFactory().get("/accounts/", {"q": "a&b", "page": "3", "tag": ["x", "y"]})

    def link(source: str) -> str:
        return draw(source, request=request)

    assert (
        link('{% query_with state="failed" %}') == "?q=a%26b&amp;tag=x&amp;tag=y&amp;state=failed"
    )
    assert link("{% query_with q=None %}") == "?tag=x&amp;tag=y"
    assert link('{% query_with tag="" page=2 %}') == "?q=a%26b&amp;page=2"


def test_the_theme_is_one_of_two() -> None:
    request = RequestFactory().get("/")
    for cookie, attribute in [
        ("dark", ' data-bs-theme="dark"'),
        ("light", ' data-bs-theme="light"'),
        ('"><script>', ""),
        ("", ""),
    ]:
        request.COOKIES["theme"] = cookie
        assert draw("{% theme %}", request=request) == attribute
    assert draw("{% theme %}") == ""


# ---- forms ----


class SecretArea(forms.Textarea):
    is_secret = True


class Another(forms.MultiWidget):
    def __init__(self) -> None:
        choices = [("a", "A"), ("*", "Another value")]
        super().__init__([forms.Select(choices=choices), forms.TextInput()])

    def decompress(self, value: str | None) -> list[str | None]:
        return [value, ""] if value in {"a", None} else ["*", value]


class AnotherField(forms.MultiValueField):
    def __init__(self, **values: Any) -> None:
        parts = [forms.CharField(required=False), forms.CharField(required=False)]
        super().__init__(parts, widget=Another(), require_all_fields=False, **values)

    def compress(self, data_list: list[str]) -> str:
        return (data_list or [""])[0]


LONG = "Orders closed more than 60 days ago. " + "Shopify gives this only after a review. " * 5


class EveryKind(forms.Form):
    name = forms.CharField(help_text="What staff call it.")
    note = forms.CharField(required=False, widget=forms.Textarea)
    key = forms.CharField(widget=forms.PasswordInput(render_value=True), strip=False)
    pem = forms.CharField(widget=SecretArea, required=False, strip=False)
    let = forms.BooleanField(label="Let the customer fill this in", required=False)
    auth = forms.ChoiceField(choices=[("k", "API <key>"), ("o", "OAuth")], widget=forms.RadioSelect)
    zones = forms.MultipleChoiceField(
        choices=[("a", "A")], widget=forms.CheckboxSelectMultiple, required=False
    )
    size = forms.ChoiceField(choices=[("s", "Small")], help_text=LONG)
    version = AnotherField(required=False)
    rows = forms.IntegerField(required=False)
    token = forms.CharField(widget=forms.HiddenInput, initial="t0")


def drawn(form: forms.Form, name: str, extra: str = "") -> str:
    return draw(f"{{% field bound {extra} %}}", bound=form[name])


GOOD = {
    "name": "x",
    "key": "canary-key",
    "pem": "canary-pem",
    "auth": "k",
    "size": "s",
    "token": "t",
}


def test_label_help_error_field_in_this_order() -> None:
    html = drawn(EveryKind(GOOD | {"name": ""}), "name")

    places = [html.index(part) for part in ("<label", "id_name-help", "id_name-error", "<input")]
    assert places == sorted(places)
    assert 'aria-describedby="id_name-help id_name-error"' in html
    assert 'aria-invalid="true"' in html
    assert 'class="field wrong"' in html
    assert "Fill this in." in html
    assert '<label for="id_name">' in html


def test_what_may_be_left_out_says_so_outside_of_its_name() -> None:
    html = drawn(EveryKind(), "note")

    assert re.search(r"<label[^>]*><bdi>Note</bdi></label>\s*<span class=\"opt\"", html)
    assert 'aria-describedby="id_note-opt"' in html
    assert "optional" not in drawn(EveryKind(), "name")


@pytest.mark.parametrize("name", ["key", "pem"])
@pytest.mark.parametrize("bound", [True, False])
def test_a_secret_is_never_drawn(name: str, bound: bool) -> None:
    form = EveryKind(GOOD) if bound else EveryKind(initial=GOOD)

    html = drawn(form, name)

    assert "canary" not in html
    assert 'autocomplete="off"' in html


def test_a_secret_typed_into_a_form_with_errors_says_to_type_it_again() -> None:
    form = EveryKind(GOOD | {"name": ""})

    assert "Type it again" in drawn(form, "key")
    assert "Type it again" in drawn(form, "pem")
    assert "Type it again" not in drawn(EveryKind(GOOD), "key")
    assert "Type it again" not in drawn(EveryKind(GOOD | {"name": "", "pem": ""}), "pem")
    assert draw("{% error_summary form %}", form=form).count("Type it again") == 2


@given(hostile)
def test_no_field_lets_markup_through(text: str) -> None:
    class Foreign(forms.Form):
        one = forms.CharField(label=text, help_text=text, initial=text)
        two = forms.ChoiceField(label=text, choices=[(text, text)], widget=forms.RadioSelect)
        three = forms.ChoiceField(label=text, choices=[(text, text)])
        four = forms.CharField(label=text, widget=forms.PasswordInput, help_text=text)

    form = Foreign({"one": text, "two": "no", "three": "no"})
    html = draw("{% error_summary form %}{% for f in form %}{% field f %}{% endfor %}", form=form)

    tags = tags_of(html)
    assert not tags.elements & {"script", "img", "b", "iframe", "style"}
    assert not {name for name in tags.attributes if name.startswith(("on", "hx-", "style"))}


def test_radio_buttons_stand_in_a_group_with_help_of_their_own() -> None:
    form = EveryKind({"auth": "o"})
    field: Any = form.fields["auth"]
    field.choice_help = {"k": "You type <it>", "o": format_html("<code>{}</code>", "x")}

    html = drawn(form, "auth")

    assert "<fieldset" in html
    assert '<legend id="id_auth-legend">' in html
    assert 'aria-labelledby="id_auth_0-name" aria-describedby="id_auth_0-help"' in html
    assert "API &lt;key&gt;" in html
    assert "You type &lt;it&gt;" in html
    assert "<code>x</code>" in html
    assert re.search(r'<input[^>]*value="o"[^>]*checked', html) or re.search(
        r'<input[^>]*checked[^>]*value="o"', html
    )


def test_a_checkbox_comes_before_its_label() -> None:
    html = drawn(EveryKind(), "let")

    assert html.index("<input") < html.index("<label")
    assert 'class="tick"' in html
    assert "optional" not in html


def test_another_value_has_a_field_of_its_own() -> None:
    html = drawn(EveryKind({"version_0": "*", "version_1": "un<stable"}), "version")

    assert re.search(r'<option value="\*" selected', html)
    assert 'class="other"' in html
    assert 'for="id_version_1"' in html
    assert 'value="un&lt;stable"' in html
    assert html.count('id="id_version"') == 1


def test_long_help_folds_after_its_first_sentence() -> None:
    html = drawn(EveryKind(), "size")

    before, after = html.split("<details>")
    assert "Orders closed more than 60 days ago." in before
    assert "Shopify gives" not in before
    assert "Shopify gives" in after


def test_our_own_help_may_hold_markup() -> None:
    form = EveryKind()
    form.fields["name"].help_text = format_html("Starts with <code>{}</code>", "<shpat_>")

    assert "<code>&lt;shpat_&gt;</code>" in drawn(form, "name")


def test_attributes_can_be_added_and_hidden_fields_stay_hidden() -> None:
    assert 'class="form-control short"' in drawn(EveryKind(), "rows", 'class="short"')
    assert drawn(EveryKind(), "token").strip().startswith('<input type="hidden"')


def test_the_summary_links_to_each_field_and_takes_the_focus() -> None:
    html = draw("{% error_summary form %}", form=EveryKind({"auth": "k", "size": "s"}))

    assert 'role="alert" tabindex="-1"' in html
    assert "Two fields need another look" in html
    assert 'href="#id_name"' in html
    assert draw("{% error_summary form %}", form=EveryKind(GOOD)).strip() == ""
    assert draw("{% error_summary form %}", form=EveryKind()).strip() == ""


def test_an_error_of_the_whole_form_is_the_heading() -> None:
    form = EveryKind(GOOD | {"key": "", "pem": ""})
    form.errors.clear()
    form.add_error(None, "This account has that connector already.")

    assert "<h2>This account has that connector already.</h2>" in draw(
        "{% error_summary form %}", form=form
    )


def test_the_group_of_an_error_is_reached_at_its_first_button() -> None:
    html = draw("{% error_summary form %}", form=EveryKind(GOOD | {"auth": "no"}))

    assert 'href="#id_auth_0"' in html
    assert 'id="id_auth_0"' in drawn(EveryKind(), "auth")


def test_now_is_aware() -> None:
    assert timing.format_ago(timezone.now()) == "just now"
    assert timing.aware(datetime(2026, 1, 1)).tzinfo is UTC
