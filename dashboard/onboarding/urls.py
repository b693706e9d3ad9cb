"""Addresses of onboarding: below the accounts."""

from django.urls import path

from dashboard import navigation
from dashboard.audit.switches import EXPORTS
from dashboard.features.registry import closes, part_of
from dashboard.onboarding import plan_views, step_views, table_views, views
from dashboard.onboarding.switches import ONBOARDING, TABLES

RUN = "accounts/onboard/runs/<str:reference>"
TABLE = "accounts/onboard/tables/<str:reference>"

navigation.offer(
    navigation.Command("Onboard a customer", "onboarding_new", "send", 20, "new account")
)

urlpatterns = navigation.under(
    "account_list",
    [
        path("accounts/onboard/", plan_views.onboarding_new, name="onboarding_new"),
        path("accounts/onboard/account/", plan_views.onboarding_account, name="onboarding_account"),
        path("accounts/onboard/runs/", views.onboarding_run_list, name="onboarding_run_list"),
        path(f"{RUN}/", views.onboarding_run_detail, name="onboarding_run_detail"),
        path(f"{RUN}/plan/", plan_views.onboarding_plan, name="onboarding_plan"),
        path(f"{RUN}/check/", plan_views.onboarding_check, name="onboarding_check"),
        path(f"{RUN}/start/", plan_views.onboarding_start, name="onboarding_start"),
        path(f"{RUN}/discard/", plan_views.onboarding_discard, name="onboarding_discard"),
        path(
            f"{RUN}/connectors/",
            step_views.onboarding_connector_pick,
            name="onboarding_connector_pick",
        ),
        path(
            f"{RUN}/templates/",
            step_views.onboarding_template_pick,
            name="onboarding_template_pick",
        ),
        path(
            f"{RUN}/steps/<int:pk>/", step_views.onboarding_step_edit, name="onboarding_step_edit"
        ),
        path(f"{RUN}/go-on/", views.onboarding_go_on, name="onboarding_go_on"),
        path(f"{RUN}/skip/", views.onboarding_skip, name="onboarding_skip"),
        path(f"{RUN}/stop/", views.onboarding_stop, name="onboarding_stop"),
        path(f"{RUN}/check-now/", views.onboarding_check_now, name="onboarding_check_now"),
        path(f"{RUN}/send/", views.onboarding_send, name="onboarding_send"),
        path(f"{RUN}/table/", table_views.onboarding_table_new, name="onboarding_table_new"),
        path(f"{TABLE}/", table_views.onboarding_table_detail, name="onboarding_table_detail"),
        path(f"{TABLE}/start/", table_views.onboarding_table_start, name="onboarding_table_start"),
        path(f"{TABLE}/go-on/", table_views.onboarding_table_go_on, name="onboarding_table_go_on"),
        path(f"{TABLE}/stop/", table_views.onboarding_table_stop, name="onboarding_table_stop"),
        path(f"{TABLE}/csv/", table_views.onboarding_table_export, name="onboarding_table_export"),
    ],
)

part_of(ONBOARDING, urlpatterns)
closes(
    TABLES,
    "onboarding_table_new",
    "onboarding_table_detail",
    "onboarding_table_start",
    "onboarding_table_go_on",
    "onboarding_table_stop",
    "onboarding_table_export",
)
closes(EXPORTS, "onboarding_table_export")
