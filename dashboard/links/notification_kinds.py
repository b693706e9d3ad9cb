"""What staff are told about links: the kinds of notifications. `link_notifications` says when."""

from dashboard.notifications.kinds import NotificationKind, register

LINK_CONNECTED = register(
    NotificationKind(
        "link-connected",
        "Link finished",
        shape="connected",
        order=10,
        help="Every app on a link is connected.",
    )
)
APP_CONNECTED = register(
    NotificationKind(
        "app-connected",
        "App connected",
        shape="partly-connected",
        order=20,
        help="One app is connected, others on the link are left.",
    )
)
STARTS_FAILED = register(
    NotificationKind(
        "starts-failed",
        "Three failed starts",
        shape="failed",
        order=30,
        help="A customer tried three times and did not get through.",
    )
)
ENTRY_REFUSED = register(
    NotificationKind(
        "entry-refused",
        "Entry refused",
        shape="failed",
        order=40,
        help="What a customer typed did not connect an app; once a day for each.",
    )
)
LINK_EXPIRES = register(
    NotificationKind(
        "link-expires",
        "Link expires soon",
        shape="expired",
        order=50,
        help="Within 24 hours, and not finished.",
    )
)
NEW_LINK_ASKED = register(
    NotificationKind(
        "new-link-asked",
        "New link asked for",
        shape="not-authenticated",
        order=60,
        help="The customer’s link has ended and they want another one.",
    )
)
MAIL_BOUNCED = register(
    NotificationKind(
        "mail-bounced",
        "Invitation bounced",
        shape="failed",
        order=70,
        help="It came back, or could not be sent for a day.",
    )
)
OTHER_ACCOUNT = register(
    NotificationKind(
        "other-account",
        "Another account",
        shape="not-authenticated",
        order=80,
        help="A customer connected an app as somebody else than before.",
    )
)
CONNECTOR_GONE = register(
    NotificationKind("connector-gone", "Deleted in Cyclr", shape="gone", order=100)
)
