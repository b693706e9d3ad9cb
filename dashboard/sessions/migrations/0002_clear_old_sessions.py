"""Keys of sessions lay in clear in Django's own table: those sessions end, people sign in again."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("desk_sessions", "0001_initial"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL("DELETE FROM django_session", migrations.RunSQL.noop),
    ]
