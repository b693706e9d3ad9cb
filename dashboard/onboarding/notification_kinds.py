"""What staff are told about onboarding."""

from dashboard.notifications.kinds import NotificationKind, register

ONBOARDED = register(
    NotificationKind(
        "onboarded",
        "Onboarded",
        shape="done",
        order=200,
        help="An onboarding run has done its last step.",
    )
)
ONBOARDING_HALTED = register(
    NotificationKind(
        "onboarding-halted",
        "Onboarding halted",
        shape="failed",
        order=210,
        help="A step of an onboarding run needs somebody; of a table of accounts told once.",
    )
)
