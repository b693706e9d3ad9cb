"""The workers' part of methods: reading what there is, and calling."""

from __future__ import annotations

from django.utils import timezone

from dashboard.consoles.refusals import end_unanswered
from dashboard.jobs.leases import Lease
from dashboard.jobs.periodic import periodic
from dashboard.jobs.working import works_on
from dashboard.methods import calling, choices, keeping, reading
from dashboard.methods.models import ChoiceLookUp, MethodCall, MethodReading


@works_on(MethodReading, gives_up=end_unanswered)
def read_methods(lease: Lease[MethodReading]) -> None:
    """Read the methods of one release."""
    reading.carry_out(lease)


@works_on(MethodCall, gives_up=calling.give_up)
def call_method(lease: Lease[MethodCall]) -> None:
    """Make one call; a writing one that was sent is never sent again."""
    calling.carry_out(lease)


@works_on(ChoiceLookUp, gives_up=choices.give_up)
def look_up_choices(lease: Lease[ChoiceLookUp]) -> None:
    """Look up what a method's dynamic values can be."""
    choices.carry_out(lease)


@periodic(every=60)
def forget() -> None:
    """What was sent and answered is the customer's data: gone after a day. Old calls go too."""
    moment = timezone.now()
    keeping.wipe(moment)
    ChoiceLookUp.objects.filter(created_at__lt=moment - choices.KEPT).delete()
    old = MethodReading.objects.filter(finished_at__lt=moment - reading.KEPT)
    MethodReading.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:1000])).delete()
