"""The Django app of the job queue."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """See `docs/architecture.md` for what belongs here, `docs/how-to-add-a-job.md` for its use."""

    name = "dashboard.jobs"
    label = "jobs"

    def ready(self) -> None:
        """What registers itself: a check of every policy, and a worker's signs of life."""
        from dashboard.jobs import checks, worker  # noqa: F401
