"""How often an install's mark was tried to be removed is counted by its job (`installs`)."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("mirror", "0011_fill_sort_names_of_connectors")]
    operations = [
        migrations.RemoveIndex("accountconnector", "account_connector_untidy"),
        migrations.RemoveField("accountconnector", "tidy_tries"),
        migrations.RemoveField("accountconnector", "tidy_not_before"),
        migrations.AddIndex(
            "accountconnector",
            models.Index(
                condition=Q(("left_mark", ""), _negated=True),
                fields=["left_mark"],
                name="account_connector_marked",
            ),
        ),
    ]
