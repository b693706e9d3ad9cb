"""Addresses of installing."""

from django.urls import path

from dashboard import navigation
from dashboard.bulk import switches
from dashboard.features.registry import closes
from dashboard.installs import views
from dashboard.installs.many import views as many_views

navigation.offer(
    navigation.Command(
        "Install from a table", "install_several", "list-check", 30, "many paste spreadsheet"
    ),
    navigation.Command("Install connector in", "install_pick", "plug", 10, is_of_account=True),
)

ONE = navigation.under(
    "account_list",
    [
        path("accounts/<int:pk>/install/", views.install_pick, name="install_pick"),
        path(
            "accounts/<int:pk>/install/<int:connector_pk>/", views.install_new, name="install_new"
        ),
        path(
            "accounts/<int:pk>/install/<int:connector_pk>/check/",
            views.install_check,
            name="install_check",
        ),
        path(
            "accounts/<int:pk>/install/<int:connector_pk>/discard/",
            views.install_discard,
            name="install_discard",
        ),
    ],
)
MANY = navigation.under(
    "library_list",
    [
        path("library/install/", many_views.install_several, name="install_several"),
        path("library/<int:pk>/install/", many_views.install_many, name="install_many"),
        path(
            "library/<int:pk>/install/table/",
            many_views.install_many_table,
            name="install_many_table",
        ),
    ],
)
urlpatterns = [*ONE, *MANY]

closes(switches.MANY, "install_several", "install_many", "install_many_table")
