"""All that it replaces at once, for databases that have none of it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import dashboard.common.searching


class Migration(migrations.Migration):
    replaces = [
        ("audit", "0001_initial"),
        ("audit", "0002_search_text"),
        ("audit", "0003_fill_search_text"),
    ]

    initial = True

    dependencies = [
        ("consoles", "0001_initial"),
        ("people", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "actor_kind",
                    models.CharField(
                        choices=[
                            ("staff", "Staff"),
                            ("link", "Customer"),
                            ("system", "Cyclr Desk"),
                        ],
                        max_length=10,
                    ),
                ),
                ("actor_link", models.BigIntegerField(blank=True, null=True)),
                ("actor_name", models.CharField(max_length=300)),
                ("at", models.DateTimeField(auto_now_add=True, db_index=True)),
                ("action", models.CharField(max_length=60)),
                (
                    "target",
                    models.TextField(
                        blank=True, default="", help_text="What it was done to, in words."
                    ),
                ),
                ("target_url", models.CharField(blank=True, default="", max_length=300)),
                ("account_name", models.TextField(blank=True, default="")),
                ("result", models.CharField(blank=True, default="", max_length=40)),
                ("details", models.JSONField(blank=True, default=dict)),
                (
                    "search_text",
                    dashboard.common.searching.SearchField(
                        blank=True,
                        db_default="",
                        default="",
                        editable=False,
                        of=["action", "target"],
                    ),
                ),
                (
                    "actor_search",
                    dashboard.common.searching.SearchField(
                        blank=True, db_default="", default="", editable=False, of=["actor_name"]
                    ),
                ),
                (
                    "account_search",
                    dashboard.common.searching.SearchField(
                        blank=True, db_default="", default="", editable=False, of=["account_name"]
                    ),
                ),
                (
                    "actor_user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "console",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="consoles.console",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "audit entries",
                "ordering": ["-at", "-pk"],
                "abstract": False,
                "indexes": [models.Index(fields=["console", "target_url"], name="audit_of_target")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("actor_kind", "staff"),
                                ("actor_link__isnull", True),
                                ("actor_user__isnull", False),
                            ),
                            models.Q(
                                ("actor_kind", "link"),
                                ("actor_link__isnull", False),
                                ("actor_user__isnull", True),
                            ),
                            models.Q(
                                ("actor_kind", "system"),
                                ("actor_link__isnull", True),
                                ("actor_user__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="auditentry_actor_is_somebody",
                    )
                ],
            },
        ),
    ]
