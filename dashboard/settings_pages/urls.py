"""Addresses of the settings."""

from django.urls import path

from dashboard.settings_pages import proof_views, views

urlpatterns = [
    path("settings/", views.settings_index, name="settings_index"),
    path("settings/proof/", proof_views.proof_list, name="proof_list"),
    path("settings/proof/<int:pk>/", proof_views.proof_choose, name="proof_choose"),
    path("settings/proof/<int:pk>/look-up/", proof_views.proof_look_up, name="proof_look_up"),
    path("settings/proof/<int:pk>/try/", proof_views.proof_try, name="proof_try"),
    path("settings/proof/<int:pk>/identity/", proof_views.proof_identity, name="proof_identity"),
    path("settings/proof/<int:pk>/remove/", proof_views.proof_remove, name="proof_remove"),
]
