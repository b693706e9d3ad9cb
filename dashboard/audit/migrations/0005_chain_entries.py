"""The entries that are there get their places, in the order in which they were written."""

from django.db import migrations, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from dashboard.audit.chain import digest_of

AT_A_TIME = 2000


def chain(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """In sets, each in a transaction of its own: broken off, it goes on where it was.

    Work goes on meanwhile. What processes of the version before write after it is placed by the
    daily check, within a day.
    """
    entries = apps.get_model("audit", "AuditEntry").objects.order_by("pk")
    heads = apps.get_model("audit", "AuditChain").objects
    places = apps.get_model("audit", "ChainedEntry")
    heads.get_or_create(number=0)
    known = {head.number: head for head in heads.all()}
    newest = places.objects.order_by("-entry_id").first()
    last = newest.entry_id if newest else 0
    while some := list(entries.filter(pk__gt=last)[:AT_A_TIME]):
        made, touched = [], set()
        for entry in some:
            number = entry.console_id or 0
            if number not in known:
                known[number] = heads.create(number=number)
            head = known[number]
            head.sequence += 1
            head.digest = digest_of(entry, number, head.sequence, head.digest)
            made.append(
                places(entry_id=entry.pk, chain=number, sequence=head.sequence, digest=head.digest)
            )
            touched.add(number)
        with transaction.atomic():
            places.objects.bulk_create(made)
            for number in touched:
                known[number].save(update_fields=["sequence", "digest"])
        last = some[-1].pk


class Migration(migrations.Migration):
    """See the module."""

    atomic = False
    dependencies = [("audit", "0004_chain")]
    operations = [migrations.RunPython(chain, migrations.RunPython.noop)]
