"""Addresses of templates and cycles."""

from django.urls import path

from dashboard import navigation
from dashboard.bulk.switches import MANY
from dashboard.cycles import (
    change_views,
    incident_views,
    install_views,
    template_views,
    transaction_views,
    views,
)
from dashboard.cycles.many import views as many
from dashboard.cycles.switches import DELETING, TRANSACTIONS
from dashboard.features.registry import closes

navigation.register(navigation.Place("Templates", "template_list", "template", group=2, order=0))
navigation.register(navigation.Place("Cycles", "cycle_list", "repeat", group=2, order=1))

navigation.offer(
    navigation.Command(
        "Install template in", "template_pick", "template", 30, "cycle", is_of_account=True
    )
)

urlpatterns = [
    *navigation.under(
        "template_list",
        [
            path("templates/", template_views.template_list, name="template_list"),
            path("templates/<int:pk>/", template_views.template_detail, name="template_detail"),
            path(
                "templates/<int:pk>/accounts/",
                install_views.template_accounts,
                name="template_accounts",
            ),
            path("templates/pick/", many.template_pick_many, name="template_pick_many"),
            path(
                "templates/<int:pk>/many/",
                many.template_install_many,
                name="template_install_many",
            ),
            path(
                "templates/<int:pk>/many/table/",
                many.template_install_many_table,
                name="template_install_many_table",
            ),
        ],
    ),
    *navigation.under(
        "cycle_list",
        [
            path("cycles/", views.cycle_list, name="cycle_list"),
            path("cycles/<int:pk>/", views.cycle_detail, name="cycle_detail"),
            path(
                "cycles/<int:pk>/incidents/", incident_views.cycle_incidents, name="cycle_incidents"
            ),
            path(
                "cycles/<int:pk>/incidents/read/",
                incident_views.cycle_incidents_read,
                name="cycle_incidents_read",
            ),
            path(
                "cycles/<int:pk>/transactions/",
                transaction_views.cycle_transactions,
                name="cycle_transactions",
            ),
            path(
                "cycles/<int:pk>/transactions/one/",
                transaction_views.cycle_transaction,
                name="cycle_transaction",
            ),
            path(
                "cycles/<int:pk>/transactions/read/",
                transaction_views.cycle_transactions_read,
                name="cycle_transactions_read",
            ),
            path("cycles/<int:pk>/check/", change_views.cycle_check, name="cycle_check"),
            path("cycles/<int:pk>/activate/", change_views.cycle_activate, name="cycle_activate"),
            path(
                "cycles/<int:pk>/deactivate/",
                change_views.cycle_deactivate,
                name="cycle_deactivate",
            ),
            path("cycles/<int:pk>/delete/", change_views.cycle_delete, name="cycle_delete"),
        ],
    ),
    *navigation.under(
        "account_list",
        [
            path("accounts/<int:pk>/cycles/", views.cycle_account_tab, name="cycle_account_tab"),
            path("accounts/<int:pk>/templates/", install_views.template_pick, name="template_pick"),
            path(
                "accounts/<int:pk>/templates/<int:template_pk>/",
                install_views.template_install,
                name="template_install",
            ),
        ],
    ),
]

closes(MANY, "template_pick_many", "template_install_many", "template_install_many_table")
closes(DELETING, "cycle_delete")
closes(TRANSACTIONS, "cycle_transactions", "cycle_transaction", "cycle_transactions_read")
