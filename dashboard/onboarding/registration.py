"""What onboarding registers: the labels of its audit actions, and answers about accounts."""

from dashboard.audit import labels
from dashboard.onboarding import answers  # noqa: F401

labels.register(
    {
        "onboarding.start": "Started",
        "onboarding.retry": "Went on with",
        "onboarding.skip": "Skipped a step of",
        "onboarding.hand_over": "Handed over",
        "onboarding.stop": "Stopped",
        "onboarding.done": "Finished",
        "onboarding.table_start": "Started",
        "onboarding.table_retry": "Retried in",
        "onboarding.table_stop": "Stopped",
        "onboarding.table_hand_over": "Handed over",
        "onboarding.table_end": "Finished",
        "onboarding.table_export": "Exported",
    }
)
