from django.db import migrations, models
from django.utils import timezone


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("process", models.CharField(max_length=40)),
                ("host", models.CharField(max_length=255)),
                ("at", models.DateTimeField(default=timezone.now)),
            ],
            options={
                "ordering": ["process", "host"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("process", "host"), name="heartbeat_of_a_process"
                    )
                ],
            },
        ),
    ]
