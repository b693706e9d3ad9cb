"""What staff are told about alarms: the kinds of notifications. `telling` says when."""

from dashboard.notifications.kinds import NotificationKind, register

BROKE = register(
    NotificationKind(
        "connection-broke",
        "Connection broke",
        shape="not-authenticated",
        order=2,
        help="A connector that worked stopped doing so, and nobody here took it away.",
    )
)
MANY_BROKE = register(
    NotificationKind(
        "many-broke",
        "Many connections broke",
        shape="failed",
        order=1,
        help="Twelve of one kind within ten minutes: probably not the customers.",
    )
)
MENDED = register(
    NotificationKind(
        "connection-mended",
        "Connection is back",
        shape="done",
        order=3,
        help="What was told broken works again, and how long that took.",
    )
)
