"""Addresses of the settings."""

from django.urls import path

from dashboard import navigation
from dashboard.settings_pages import (
    audit_head_views,
    branding_views,
    console_views,
    email_text_views,
    feature_views,
    retention_views,
    test_method_views,
    test_schedule_views,
    views,
    webhook_views,
)

navigation.offer(
    navigation.Command("Audit heads", "settings_audit_heads", "shield", 88, "settings trail proof")
)
navigation.register(navigation.Place("Settings", "settings_index", "settings", group=3, order=2))

urlpatterns = navigation.under(
    "settings_index",
    [
        path("settings/", views.settings_index, name="settings_index"),
        path("settings/console/<int:pk>/", console_views.settings_console, name="settings_console"),
        path(
            "settings/webhook/", webhook_views.settings_webhook_list, name="settings_webhook_list"
        ),
        path("settings/webhook/<int:pk>/", webhook_views.settings_webhook, name="settings_webhook"),
        path(
            "settings/webhook/<int:pk>/secret/",
            webhook_views.settings_webhook_rotate,
            name="settings_webhook_rotate",
        ),
        path(
            "settings/webhook/<int:pk>/secret/end/",
            webhook_views.settings_webhook_end_secret,
            name="settings_webhook_end_secret",
        ),
        path(
            "settings/webhook/<int:pk>/switch/",
            webhook_views.settings_webhook_switch,
            name="settings_webhook_switch",
        ),
        path(
            "settings/webhook/<int:pk>/test/",
            webhook_views.settings_webhook_test,
            name="settings_webhook_test",
        ),
        path(
            "settings/webhook/<int:pk>/deliveries/<int:delivery_pk>/again/",
            webhook_views.settings_webhook_again,
            name="settings_webhook_again",
        ),
        path("settings/proof/", test_method_views.test_method_list, name="test_method_list"),
        path(
            "settings/proof/<int:pk>/",
            test_method_views.test_method_choose,
            name="test_method_choose",
        ),
        path(
            "settings/proof/<int:pk>/look-up/",
            test_method_views.test_method_look_up,
            name="test_method_look_up",
        ),
        path(
            "settings/proof/<int:pk>/try/",
            test_method_views.test_method_try,
            name="test_method_try",
        ),
        path(
            "settings/proof/<int:pk>/identity/",
            test_method_views.test_method_identity,
            name="test_method_identity",
        ),
        path(
            "settings/proof/<int:pk>/schedule/",
            test_schedule_views.test_method_schedule,
            name="test_method_schedule",
        ),
        path(
            "settings/proof/<int:pk>/remove/",
            test_method_views.test_method_remove,
            name="test_method_remove",
        ),
        path("settings/features/", feature_views.settings_features, name="settings_features"),
        path("settings/retention/", retention_views.settings_retention, name="settings_retention"),
        path(
            "settings/audit-heads/",
            audit_head_views.settings_audit_heads,
            name="settings_audit_heads",
        ),
        path(
            "settings/audit-heads/send/",
            audit_head_views.settings_audit_heads_send,
            name="settings_audit_heads_send",
        ),
        path("settings/branding/", branding_views.brand_edit, name="brand_edit"),
        path("settings/branding/preview/", branding_views.brand_preview, name="brand_preview"),
        path("settings/emails/", email_text_views.email_text_edit, name="email_text_edit"),
        path(
            "settings/emails/preview/",
            email_text_views.email_text_preview,
            name="email_text_preview",
        ),
        path("settings/emails/reset/", email_text_views.email_text_reset, name="email_text_reset"),
    ],
)
