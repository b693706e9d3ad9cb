"""allauth's table of addresses, kept in step with the people's own."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db.models.signals import post_save
from django.dispatch import receiver

from dashboard.people.models import User
from dashboard.sign_in import notices


@receiver(post_save, sender=User)
def keep_in_step(
    sender: object, instance: User, created: bool, raw: bool = False, **other: object
) -> None:
    """The address somebody signs in with, in lower case: primary, verified, their only one.

    Whoever was invited by it, or made on the command line, owns it: nothing is left to verify, and
    what allauth does with people whose address it does not know (no second factor, a password
    made unusable by the first single sign-on) never happens.
    """
    fields = other.get("update_fields")
    if raw or (isinstance(fields, frozenset) and "email" not in fields):
        return
    email = instance.email.lower()
    if not created:
        theirs = EmailAddress.objects.filter(user=instance)
        if list(theirs.values_list("email", "primary", "verified")) == [(email, True, True)]:
            return
        for old in theirs.exclude(email=email).values_list("email", flat=True):
            notices.tell(instance, "changed their address", to=old)
        theirs.delete()
    EmailAddress.objects.bulk_create(
        [EmailAddress(user=instance, email=email, primary=True, verified=True)],
        ignore_conflicts=True,  # two of another alphabet's case: the older one keeps the row
    )
