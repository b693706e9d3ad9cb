"""Pages for new passwords: one's own, and for those who forgot theirs."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.common import mail
from dashboard.people.access import StaffRequest, open_to_all, role_required
from dashboard.people.models import Role
from dashboard.sign_in import familiar, passwords
from dashboard.sign_in.forms import ChangePasswordForm, ForgottenForm, NewPasswordForm
from dashboard.sign_in.middleware import opens_without_factor

KEY = "password-link"
"""Where the session keeps the link's key: the page's address shows it to nobody."""


@open_to_all
@require_http_methods(["GET", "HEAD", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Have a link mailed. What is answered is the same for known and unknown addresses."""
    context: dict[str, object] = {"has_mail": mail.is_delivered()}
    form = ForgottenForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and context["has_mail"]:
        try:
            passwords.ask_for_link(request, form.cleaned_data["email"])
        except passwords.TooManyMailsError:
            return render(
                request, "sign_in/forgotten.html", {**context, "is_too_many": True}, status=429
            )
        return render(request, "sign_in/forgotten.html", {**context, "is_asked": True})
    status = 422 if request.method == "POST" and not form.is_valid() else 200
    return render(request, "sign_in/forgotten.html", {**context, "form": form}, status=status)


@open_to_all
@require_safe
def opened_link(request: HttpRequest, key: str) -> HttpResponse:
    """The link in the mail: leads on to the page, whose address holds no key."""
    if passwords.person_of(key) is None:
        return render(request, "sign_in/link_over.html", status=410)
    request.session[KEY] = key
    return redirect("password_new")


@open_to_all
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def new_password(request: HttpRequest) -> HttpResponse:
    """Choose a new password, by a link."""
    user = passwords.person_of(request.session.get(KEY, ""))
    if user is None:
        return render(request, "sign_in/link_over.html", status=410)
    form = NewPasswordForm(user, request.POST or None)
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        context = {"form": form, "person": user}
        return render(request, "sign_in/new_password.html", context, status=status)
    if not passwords.choose_by_link(request.session[KEY], form.cleaned_data["new"], request):
        return render(request, "sign_in/link_over.html", status=410)
    request.session.flush()
    messages.success(request, "Your password is changed. Sign in with it.")
    answer = redirect("sign_in")
    familiar.remember(request, answer, user)  # who reads their mail is no stranger
    return answer


@role_required(Role.VIEWER)
@opens_without_factor
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: StaffRequest) -> HttpResponse:
    """Change one's own password; one's other sessions end."""
    if not request.user.has_usable_password():
        return render(request, "sign_in/password_change.html", {"has_none": True})
    form = ChangePasswordForm(request.user, request.POST or None)
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "sign_in/password_change.html", {"form": form}, status=status)
    passwords.choose(request.user, form.cleaned_data["new"], by_link=False, request=request)
    messages.success(request, "Your password is changed. Your other sessions have ended.")
    return redirect("security")
