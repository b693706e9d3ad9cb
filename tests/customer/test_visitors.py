# ruff: noqa: E501  (user agents are as long as they are)
"""Who opened a link: people with odd phones, machines that look like people, and colleagues."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, RequestFactory

from dashboard.customer.visitors import is_program, visitor_of
from dashboard.links.models import Link, LinkEvent
from dashboard.people.models import Role
from tests.factories import make_link, make_user
from tests.links.steps import PERSON, address
from tests.pages import signed_in

PEOPLE = {
    "CUBOT phone": "Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/70.0.3538.110 Mobile Safari/537.36",
    "CUBOT webview": "Mozilla/5.0 (Linux; U; Android 8.0.0; CUBOT_X18_Plus Build/O00623; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/71.0.3578.99 Mobile Safari/537.36",
    "M BOT": "Mozilla/5.0 (Linux; Android 6.0.1; M BOT TAB 101 Build/MOB30R) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/54.0.2840.85 Safari/537.36",
    "M bot 60": "Mozilla/5.0 (Linux; Android 7.0; M bot 60 Build/NRD90M; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/64 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/160.0.0.30.94;]",
    "ff cubot": "Mozilla/5.0 (Android 10; Mobile; rv:109.0) Gecko/115.0 Firefox/115.0",
    "CUBOT2": "Mozilla/5.0 (Linux; Android 7.0; CUBOT NOTE Plus) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/63 Mobile Safari/537.36",
    "parens device": "Mozilla/5.0 (Linux; Android 11; Robot Phone (2021) Build/X) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99 Mobile Safari/537.36",
    "fb": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/468.0;FBDV/iPhone14,5]",
    "outlook": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Outlook-iOS/2.0",
    "outlook android": "Mozilla/5.0 (Linux; Android 13; SM-G991B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119 Mobile Safari/537.36 Outlook-Android/2.0",
    "teams": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Teams/1.5.00.4689 Chrome/85.0.4183.121 Electron/10.4.7 Safari/537.36",
    "slackapp": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Slack_SSB/4.29 Chrome/108 Electron/22 Safari/537.36",
    "gsa": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/320 Mobile/15E148 Safari/604.1",
    "line": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Safari Line/14.5.0",
    "wechat": "Mozilla/5.0 (Linux; Android 12; M2012K11AC) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/107 Mobile Safari/537.36 MMWEBID/1 MicroMessenger/8.0.33 WeChat/arm64 NetType/WIFI Language/zh_CN",
    "insta": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21F90 Instagram 334.0 (iPhone14,5; iOS 17_5; de_DE; scale=3.00)",
    "ie11": "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
    "ie10": "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)",
    "coc": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) coc_coc_browser/110.0 Chrome/104 Safari/537.36",
    "samsung": "Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-S908B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/21.0 Chrome/110 Mobile Safari/537.36",
    "ddg": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15 Ddg/17.4",
    "edge": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
    "opera mini": "Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12.423 Version/12.16",
    "operamini2": "Mozilla/5.0 (Linux; U; Android 10; de-de; SM-A105F) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/70 Mobile Safari/537.36 OPR/57",
    "firefox": "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "thunderbird": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:115.0) Gecko/20100101 Thunderbird/115.9.0",
    "cros": "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "kindle silk": "Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/120.2 like Chrome/120 Safari/537.36",
    "pinterest": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [Pinterest/iOS]",
    "linkedin": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [LinkedInApp]/9.29",
    "yahoo mail app": "Mozilla/5.0 (Linux; Android 13; Pixel 7 Build/TQ3A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126 Mobile Safari/537.36 YahooMobileMail/1.0",
    "whatsapp in-app": "Mozilla/5.0 (Linux; Android 13; SM-A525F Build/TP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/119 Mobile Safari/537.36 WhatsApp/2.23",
    "snap": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Snapchat/12.9 (like Safari/8617)",
    "harmony": "Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114 Safari/537.36 ArkWeb/4.1 Mobile HuaweiBrowser/5.0",
    "jollaspider": "Mozilla/5.0 (Linux; Android 8.1.0; SPIDER X10) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/80 Mobile Safari/537.36",
    "fetch phone": "Mozilla/5.0 (Linux; arm_64; Android 12; CUBOT KING KONG 7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/104.0.5112.114 YaBrowser/22.9 SA/3 Mobile Safari/537.36",
    "cubot pocket fx": "Mozilla/5.0 (Android 11; CUBOT POCKET; Mobile; rv:120.0) Gecko/120.0 Firefox/120.0",
    "teams win": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126 TeamsDesktop",
    "UC": "UCWEB/2.0 (Linux; U; Opera Mini/7.1; Android 4; en; CUBOT) U2/1.0 UCBrowser/9",
    "cubot app": "Mozilla/5.0 (Linux; Android 10; CUBOT_P40 Build/QP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/110 Mobile Safari/537.36 GSA/14.1 cubot",
}
"""Browsers, also within other programs, on phones whose makers call them anything."""

MACHINES = {
    "curl": "curl/8.5.0",
    "requests": "python-requests/2.31",
    "Slackbot": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Slack's pictures": "Slack-ImgProxy (+https://api.slack.com/robots)",
    "WhatsApp's preview": "WhatsApp/2.23.20.0 A",
    "Facebook's preview": "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Googlebot": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Googlebot on a phone": "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "headless Chrome": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/119.0.6045.105 Safari/537.36",
    "headless Edge": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessEdg/119 Safari/537.36",
    "PhantomJS": "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1",
    "Safe Links": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120 Safari/537.36 SafeLinks",
    "Proofpoint": "Mozilla/5.0 (X11; Linux x86_64) Proofpoint URL Defense",
    "Mimecast": "Mozilla/5.0 Mimecast/1.0",
    "Barracuda": "Barracuda Sentinel (EE)",
    "Bing's preview": "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b",
    "Teams' preview": "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) SkypeUriPreview Preview/0.5 Safari/537.36",
    "Discordbot": "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "Telegram's preview": "TelegramBot (like TwitterBot)",
    "Gmail's pictures": "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "Office": "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.5134; Pro)",
    "Office's look": "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "Lighthouse": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119 Safari/537.36 Chrome-Lighthouse",
    "Applebot": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 Safari/605.1.15 (Applebot/0.1)",
    "Go": "Go-http-client/2.0",
    "Java": "Java/17.0.1",
    "node": "node-fetch/1.0",
    "nothing": "",
}

CHROME = PEOPLE["edge"]


@pytest.mark.parametrize("agent", PEOPLE.values(), ids=list(PEOPLE))
def test_what_people_look_through_is_no_program(agent: str) -> None:
    assert not is_program(agent)


@pytest.mark.parametrize("agent", MACHINES.values(), ids=list(MACHINES))
def test_what_nobody_looks_through_is_one(agent: str) -> None:
    assert is_program(agent)


@pytest.mark.parametrize(
    ("headers", "is_secure", "kind"),
    [
        ({}, False, "person"),
        ({"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, True, "person"),
        ({"Accept-Language": ""}, False, "robot"),
        ({"Sec-Purpose": "prefetch;prerender"}, False, "robot"),
        ({"Purpose": "prefetch"}, False, "robot"),
        ({"X-Moz": "prefetch"}, False, "robot"),
        ({"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, False, "robot"),
        ({"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}, False, "robot"),
        ({"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, False, "robot"),
        ({}, True, "robot"),  # no Chrome of today asks so over TLS
        ({"User-Agent": PERSON["User-Agent"]}, True, "person"),
    ],
)
def test_headers_tell_more_than_a_name(
    db: None, headers: dict[str, str], is_secure: bool, kind: str
) -> None:
    asked: Any = RequestFactory().get(
        "/c/x",
        headers={"User-Agent": CHROME, "Accept-Language": "de"} | headers,
        secure=is_secure,
    )
    asked.user = None

    assert visitor_of(asked).kind == kind


def test_a_phone_with_a_robot_s_name_opens_the_link(db: None) -> None:
    link = make_link()
    phone = Client(headers={"User-Agent": PEOPLE["CUBOT phone"], "Accept-Language": "de"})
    phone.get(address(link))

    link.refresh_from_db()
    assert link.state_label == "Opened"


def test_a_colleague_who_is_signed_in_is_not_the_customer(db: None) -> None:
    link = make_link(recipient_email="ana@customer.example", has_reminders=True)
    browser = signed_in(make_user(Role.AGENT, name="Mara Lindqvist"))
    browser.get(address(link), headers=PERSON)
    browser.post(f"{address(link)}/reminders", headers=PERSON)

    link.refresh_from_db()
    assert link.state_label == "Created"
    words = list(
        LinkEvent.objects.filter(link=link).order_by("pk").values_list("message", flat=True)
    )
    assert words == ["Opened by Mara Lindqvist", "Reminders ended by Mara Lindqvist"]
    page = browser.get(link.get_absolute_url()).content.decode()
    assert "A colleague, not the customer" in page and "Ended by Mara Lindqvist" in page


def test_a_customer_after_a_colleague_is_still_noticed(db: None) -> None:
    link: Link = make_link()
    signed_in(make_user(Role.AGENT)).get(address(link), headers=PERSON)
    Client(headers=PERSON).get(address(link))

    link.refresh_from_db()
    assert link.state_label == "Opened"
    assert LinkEvent.objects.filter(link=link, message="Opened by a person").count() == 1
