"""The trail is searched as people type names."""

from django.db import migrations

from dashboard.common.searching import SearchField


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("audit", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="auditentry",
            name="search_text",
            field=SearchField(
                blank=True, db_default="", default="", editable=False, of=["action", "target"]
            ),
        ),
        migrations.AddField(
            model_name="auditentry",
            name="actor_search",
            field=SearchField(
                blank=True, db_default="", default="", editable=False, of=["actor_name"]
            ),
        ),
        migrations.AddField(
            model_name="auditentry",
            name="account_search",
            field=SearchField(
                blank=True, db_default="", default="", editable=False, of=["account_name"]
            ),
        ),
    ]
