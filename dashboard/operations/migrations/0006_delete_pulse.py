"""Signs of life are kept by process and host from now on (`jobs.Heartbeat`), made anew at once."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("operations", "0005_operation_dismissed_at")]

    operations = [migrations.DeleteModel("Pulse")]
