"""Tags of accounts: found, shown, and set in one go."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from dashboard.accounts.models import LONGEST_TAG, AccountTag, Tag, tag_key
from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.audit.services import AuditRecord
from dashboard.common.chunks import IDS_AT_A_TIME, chunks
from dashboard.common.prepared import columns_of, instance_of, prepared
from dashboard.common.searching import normalize_for_search, words_in
from dashboard.common.untrusted_text import is_blank, storable
from dashboard.consoles.models import Console
from dashboard.mirror.models import Account, AccountQuerySet

MOST_ON_AN_ACCOUNT = 50
MOST_IN_A_CONSOLE = 500


# ---- found ----


def tags_of(account: Account) -> list[Tag]:
    """An account's, in alphabetical order."""
    return by_account([account.pk]).get(account.pk, [])


def by_account(accounts: Sequence[int]) -> dict[int, list[Tag]]:
    """By account, each named by its key: its tags in alphabetical order; if it has any."""
    found: dict[int, list[Tag]] = {}
    for some in chunks(accounts):
        for account, *values in _tags_of(some):
            found.setdefault(account, []).append(instance_of(Tag, values))
    return found


@prepared
def _tags_of(accounts: Sequence[int]) -> QuerySet[Any, Any]:
    rows = AccountTag.objects.filter(account__in=accounts).order_by("tag__search_text", "tag_id")
    return rows.values_list("account_id", *columns_of(Tag, "tag__"))


def names_in_use(consoles: Iterable[Console]) -> list[str]:
    """The tags of these consoles, each once, in alphabetical order."""
    names: dict[str, str] = {}
    for key, name in _keys_and_names([console.pk for console in consoles]):
        names.setdefault(key, name)
    return list(names.values())


@prepared
def _keys_and_names(consoles: list[int]) -> QuerySet[Any, Any]:
    tags = Tag.objects.filter(console__in=consoles).order_by("search_text", "pk")
    return tags.values_list("key", "name")


def as_named(name: str, names: Iterable[str]) -> str:
    """The tag of these that is meant, as it is written there; else as somebody wrote it."""
    key = tag_key(name)
    return next((one for one in names if tag_key(one) == key), name) if name else ""


def having(name: str) -> QuerySet[AccountTag, int]:
    """The keys of the accounts that have a tag, however it is written."""
    return AccountTag.objects.filter(tag__key=tag_key(name)).values_list("account", flat=True)


def matching(accounts: AccountQuerySet, text: str) -> AccountQuerySet:
    """Those of which name or id has every word of the text, or a tag has."""
    found = accounts.search(text)
    meant = Tag.objects.filter(words_in(text, "search_text")) if text else Tag.objects.none()
    tags = list(meant.values_list("pk", flat=True))
    if not tags:
        return found
    tagged = AccountTag.objects.filter(tag__in=tags).values("account")
    return found | accounts.filter(pk__in=tagged)


def are_in_none(words: Sequence[str]) -> bool:
    """Whether no tag has all these `plain_words`."""
    return not _tags_with(*words)


@prepared
def _tags_with(*words: str) -> QuerySet[Any, Any]:
    return Tag.objects.filter(words_in(" ".join(words), "search_text")).values_list("pk")[:1]


# ---- set ----


def names_from(text: str) -> list[str]:
    """The tags that somebody typed, with commas between; each once, as it was written first.

    Raises `ValidationError` for what is no tag, and for too many.
    """
    names: dict[str, str] = {}
    for part in str(storable(text)).replace("\n", ",").split(","):
        name = " ".join(part.split())
        if is_blank(name) or not normalize_for_search(name):
            continue
        if len(name) > LONGEST_TAG:
            raise ValidationError(f"“{name[:LONGEST_TAG]}…” is longer than {LONGEST_TAG} letters.")
        names.setdefault(tag_key(name), name)
    if len(names) > MOST_ON_AN_ACCOUNT:
        raise ValidationError(f"An account has {MOST_ON_AN_ACCOUNT} tags at most.")
    return list(names.values())


def set_tags(actor: Actor, account: Account, names: Sequence[str]) -> bool:
    """Let the account have exactly these tags; says whether anything changed.

    A tag that is there is used as it is written there. Raises `ValidationError` if the console
    would have too many.
    """
    wanted = {tag_key(name): name for name in names}
    with transaction.atomic():
        Console.objects.select_for_update().get(pk=account.console_id)  # one change at a time
        had = {tag.key: tag for tag in tags_of(account)}
        added = [_tag(account.console, key, wanted[key]) for key in wanted if key not in had]
        removed = [tag for key, tag in had.items() if key not in wanted]
        if not added and not removed:
            return False
        AccountTag.objects.bulk_create([AccountTag(account=account, tag=tag) for tag in added])
        AccountTag.objects.filter(account=account, tag__in=removed).delete()
        Tag.objects.filter(pk__in=[tag.pk for tag in removed], on_accounts=None).delete()
        audit.record_many(
            actor, "accounts.tag", account.console, [_as_told(account, added, removed)]
        )
    return True


def change_tags(
    actor: Actor, accounts: Collection[Account], *, add: Sequence[str], remove: Sequence[str]
) -> int:
    """Put tags on accounts, or take them off, all or none; how many were changed.

    What an account has besides stays. Raises `ValidationError` for too many tags.
    """
    by_console: dict[int, list[Account]] = {}
    for account in accounts:
        by_console.setdefault(account.console_id, []).append(account)
    with transaction.atomic():
        # In one order, so that two that change several consoles never wait for each other.
        list(Console.objects.select_for_update().filter(pk__in=by_console).order_by("pk"))
        return sum(_change(actor, some, add, remove) for some in by_console.values())


def _change(
    actor: Actor, accounts: list[Account], add: Sequence[str], remove: Sequence[str]
) -> int:
    """The same for the accounts of one console, in a transaction that holds its row."""
    console = accounts[0].console
    added = [_tag(console, tag_key(name), name) for name in add]
    removed = list(Tag.objects.filter(console=console, key__in=[tag_key(one) for one in remove]))
    had = by_account([account.pk for account in accounts])
    rows: list[AccountTag] = []
    told: list[AuditRecord] = []
    for account in accounts:
        has = {tag.pk for tag in had.get(account.pk, [])}
        new = [tag for tag in added if tag.pk not in has]
        gone = [tag for tag in removed if tag.pk in has]
        if len(has) + len(new) - len(gone) > MOST_ON_AN_ACCOUNT:
            raise ValidationError(
                f"“{account}” would have more than {MOST_ON_AN_ACCOUNT} tags. Nothing was changed."
            )
        rows += [AccountTag(account=account, tag=tag) for tag in new]
        if new or gone:
            told.append(_as_told(account, new, gone))
    AccountTag.objects.bulk_create(rows, batch_size=IDS_AT_A_TIME)
    for some in chunks([account.pk for account in accounts]):
        AccountTag.objects.filter(tag__in=removed, account__in=some).delete()
    named = [tag.pk for tag in (*added, *removed)]
    Tag.objects.filter(pk__in=named, on_accounts=None).delete()
    audit.record_many(actor, "accounts.tag", console, told)
    return len(told)


def _as_told(account: Account, added: list[Tag], removed: list[Tag]) -> AuditRecord:
    return AuditRecord(
        target=str(account),
        target_url=account.get_absolute_url(),
        account_name=str(account),
        details={
            "added": [tag.name for tag in added],
            "removed": [tag.name for tag in removed],
        },
    )


def _tag(console: Console, key: str, name: str) -> Tag:
    there = Tag.objects.filter(console=console)
    tag = there.filter(key=key).first()
    if tag is None and there.count() >= MOST_IN_A_CONSOLE:
        raise ValidationError(
            f"This console has {MOST_IN_A_CONSOLE} tags already. Use one of them, or take one off "
            "all accounts first."
        )
    return tag or Tag.objects.create(console=console, key=key, name=name)
