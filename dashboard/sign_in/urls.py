"""Addresses of signing in and out; allauth finds its own by their names."""

from django.urls import path

from dashboard.sign_in import company_views, factor_views, password_views, views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-in/", views.sign_in, name="account_login"),
    path("sign-in/passkey/", factor_views.passkey_sign_in, name="passkey_sign_in"),
    path("sign-in/passkey/options/", factor_views.passkey_options, name="passkey_options"),
    path("sign-in/second-factor/", factor_views.second_factor, name="mfa_authenticate"),
    path("sign-in/company/", company_views.begin, name="company_begin"),
    path("sign-in/company/go/", company_views.away, name="company_away"),
    path("sign-in/company/back/", company_views.back, name="company_back"),
    path("sign-in/forgotten/", password_views.forgotten, name="password_forgotten"),
    path("sign-in/new-password/", password_views.new_password, name="password_new"),
    path("sign-in/new-password/<str:key>/", password_views.opened_link, name="password_link"),
    path("security/", factor_views.security, name="security"),
    path("security/again/", factor_views.reauthenticate, name="reauthenticate"),
    path("security/password/", password_views.change, name="password_change"),
    path("security/app/", factor_views.app_add, name="app_add"),
    path("security/passkeys/", factor_views.passkey_add, name="passkey_add"),
    path("security/<int:pk>/rename/", factor_views.passkey_rename, name="passkey_rename"),
    path("security/<int:pk>/remove/", factor_views.factor_remove, name="factor_remove"),
    path("security/codes/", factor_views.recovery_codes, name="recovery_codes"),
    path("security/later/", factor_views.later, name="factor_later"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("sign-out/company/", company_views.leave, name="company_leave"),
]
