"""Since when the tests and calls of an installed connector fail, beside when the newest failed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mirror", "0026_order_by_index_everywhere")]

    operations = [
        migrations.AddField(
            model_name="accountconnector",
            name="failing_since",
            field=models.DateTimeField(
                blank=True,
                help_text="When the first failed of those that failed in a row.",
                null=True,
            ),
        ),
    ]
