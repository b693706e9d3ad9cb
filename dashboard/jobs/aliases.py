"""Names that tasks had in the release before: messages from before an upgrade are still answered.

An entry is taken out with the release after the one that brought it.
"""

ALIASES = {
    "dashboard.operations.tasks.beat": "dashboard.jobs.tasks.beat",
    "dashboard.links.tasks.mint_token": "dashboard.links.tasks.request_sign_in_token",
    "dashboard.connectors.tasks.prove_connector": "dashboard.connectors.tasks.run_connection_test",
    "dashboard.notices.tasks.deliver": "dashboard.notifications.tasks.deliver",
    "dashboard.notices.tasks.send_mail": "dashboard.notifications.tasks.send_mail",
}
