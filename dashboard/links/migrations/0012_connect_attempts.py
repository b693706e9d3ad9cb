"""Starts are called connect attempts. Only the names in the code change: the table stays."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("links", "0011_jobs")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameModel("Mint", "ConnectAttempt"),
                migrations.AlterModelTable("connectattempt", "links_mint"),
                migrations.AlterField(
                    "connectattempt",
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attempts",
                        to="links.linkitem",
                    ),
                ),
            ],
        ),
        migrations.RenameIndex(
            "connectattempt", new_name="connectattempt_due", old_name="mint_due"
        ),
    ]
