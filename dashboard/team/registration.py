"""What the team's pages register: the labels of their audit actions."""

from dashboard.audit import labels

labels.register(
    {
        "people.invite": "Invited",
        "people.invite_again": "Sent a new invitation to",
        "people.withdraw_invitation": "Withdrew the invitation of",
        "people.accept_invitation": "Accepted the invitation for",
        "people.give_role": "Gave a role to",
        "people.change_role": "Changed the role of",
        "people.remove_role": "Removed a role of",
        "people.deactivate": "Deactivated",
        "people.reactivate": "Reactivated",
        "people.rename": "Changed a name:",
        "people.end_session": "Ended a session of",
        "people.end_sessions": "Ended all sessions of",
        "people.end_other_sessions": "Ended all other sessions of",
    }
)
