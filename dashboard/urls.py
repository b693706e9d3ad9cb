"""The root URL conf: which package answers which address."""

from django.urls import include, path

urlpatterns = [
    path("", include("dashboard.overview.urls")),
    path("", include("dashboard.search.urls")),
    path("", include("dashboard.alarms.urls")),
    path("", include("dashboard.sign_in.urls")),
    path("", include("dashboard.sessions.urls")),
    path("", include("dashboard.onboarding.urls")),
    path("", include("dashboard.accounts.urls")),
    path("", include("dashboard.installs.urls")),
    path("", include("dashboard.connectors.urls")),
    path("", include("dashboard.error_webhook.urls")),
    path("", include("dashboard.defaults.urls")),
    path("", include("dashboard.connector_changes.urls")),
    path("", include("dashboard.methods.urls")),
    path("", include("dashboard.fleet.urls")),
    path("", include("dashboard.library.urls")),
    path("", include("dashboard.releases.urls")),
    path("", include("dashboard.launches.urls")),  # before what answers any address below /c/
    path("", include("dashboard.customer.urls")),
    path("", include("dashboard.campaigns.urls")),
    path("", include("dashboard.links.urls")),
    path("", include("dashboard.cycles.urls")),
    path("", include("dashboard.notifications.urls")),
    path("", include("dashboard.operations.urls")),
    path("", include("dashboard.bulk.urls")),
    path("", include("dashboard.audit.urls")),
    path("", include("dashboard.console_setup.urls")),
    path("", include("dashboard.settings_pages.urls")),
    path("", include("dashboard.team.urls")),
    path("", include("dashboard.api.urls")),
    path("", include("dashboard.web_security.urls")),
    path("", include("dashboard.common.urls")),
]

handler400 = "dashboard.common.errors.bad_request"
handler403 = "dashboard.common.errors.permission_denied"
handler404 = "dashboard.common.errors.page_not_found"
handler500 = "dashboard.common.errors.server_error"
