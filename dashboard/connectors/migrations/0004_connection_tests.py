"""Proofs are called connection tests. Only the names in the code change: the tables stay."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connectors", "0003_jobs"),
        ("links", "0012_connect_attempts"),  # which knows it by its former name
        ("mirror", "0001_initial"),
        ("consoles", "0001_initial"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameModel("ProofMethod", "ConnectionTestMethod"),
                migrations.AlterModelTable("connectiontestmethod", "connectors_proofmethod"),
                migrations.RenameModel("ProofRun", "ConnectionTest"),
                migrations.AlterModelTable("connectiontest", "connectors_proofrun"),
                migrations.AlterField(
                    "connectiontestmethod",
                    "console",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="test_methods",
                        to="consoles.console",
                    ),
                ),
                migrations.AlterField(
                    "connectiontest",
                    "account_connector",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="connection_tests",
                        to="mirror.accountconnector",
                    ),
                ),
                migrations.AlterField(
                    "lookup",
                    "kind",
                    models.CharField(
                        choices=[
                            ("methods", "The methods of a connector"),
                            ("answer", "What a test method answers"),
                            ("choices", "What dynamic settings can be"),
                        ],
                        max_length=10,
                    ),
                ),
            ],
        ),
        migrations.RenameIndex(
            "connectiontest", new_name="connectiontest_due", old_name="proofrun_due"
        ),
    ]
