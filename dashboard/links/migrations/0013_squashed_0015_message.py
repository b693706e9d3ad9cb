"""All that it replaces at once, for databases that have none of it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("links", "0013_connection_tests"),
        ("links", "0014_encrypted_url"),
        ("links", "0015_message"),
    ]

    dependencies = [
        ("connectors", "0004_connection_tests"),
        ("links", "0012_connect_attempts"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="connectattempt",
            name="mint_sealed_only_when_ready",
        ),
        migrations.AlterField(
            model_name="connectattempt",
            name="sealed_url",
            field=models.TextField(blank=True, db_column="sealed_url", default=""),
        ),
        migrations.RenameField(
            model_name="connectattempt",
            old_name="sealed_url",
            new_name="encrypted_url",
        ),
        migrations.AlterField(
            model_name="linkevent",
            name="words",
            field=models.TextField(db_column="words"),
        ),
        migrations.RenameField(
            model_name="linkevent",
            old_name="words",
            new_name="message",
        ),
        migrations.RemoveField(
            model_name="linkitem",
            name="proof",
        ),
        migrations.AddField(
            model_name="linkitem",
            name="connection_test",
            field=models.ForeignKey(
                blank=True,
                db_column="proof_id",
                help_text="The test that was asked for last: does it work, and as whom.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="connectors.connectiontest",
            ),
        ),
        migrations.AddConstraint(
            model_name="connectattempt",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "ready"), ("encrypted_url", ""), _connector="OR"),
                name="mint_sealed_only_when_ready",
            ),
        ),
    ]
