"""The install form's sections, for its template."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms

from cyclr_api import AuthMethod, Parameter
from dashboard.installs.form.methods import auth_type_message
from dashboard.installs.naming import By
from dashboard.mirror.catalogue import TRIED_BY_CYCLR, AuthType


class Sections(forms.Form):
    """Which fields stand together, and what is said beside them."""

    auth_type: AuthType
    method: AuthMethod | None
    parameters: Sequence[Parameter]

    @property
    def offers_customer(self) -> bool:
        """Whether there is anything that the customer could fill in."""
        return "by_customer" in self.fields

    @property
    def asks_for_link(self) -> bool:
        """Whether the form has the tick for a link right away."""
        return "wants_link" in self.fields

    @property
    def asks_release(self) -> bool:
        """Whether Cyclr can be asked for it by more than the id of a release."""
        return "installs_by" in self.fields

    @property
    def opens_release(self) -> bool:
        """Whether the choice of the release is open: another than the usual one is made."""
        bound = self["installs_by"]
        return bool(bound.errors) or bound.value() not in ("", None, By.ID)

    @property
    def wants_customer(self) -> bool:
        """Whether the customer finishes it in their browser."""
        return self.auth_type == AuthType.SIGN_IN

    @property
    def is_tried_by_cyclr(self) -> bool:
        """Whether Cyclr signs in by itself with what is typed among the settings."""
        return self.auth_type in TRIED_BY_CYCLR

    @property
    def auth_type_message(self) -> str:
        """What the only method asks, where there is no choice."""
        return auth_type_message(self.auth_type, self.method)

    def _bound(self, *names: str) -> list[forms.BoundField]:
        return [self[name] for name in names if name in self.fields]

    @property
    def basics(self) -> list[forms.BoundField]:
        """Name and description."""
        return self._bound("name", "description")

    @property
    def credentials(self) -> list[forms.BoundField]:
        """What the chosen method asks for."""
        return self._bound("auth-key", "auth-user", "auth-password")

    @property
    def recipient(self) -> list[forms.BoundField]:
        """Whom the link that follows is for."""
        return self._bound("recipient_email", "recipient_name")

    @property
    def own_app(self) -> list[forms.BoundField]:
        """The customer's own OAuth app."""
        return self._bound("auth-ClientId", "auth-ClientSecret")

    @property
    def tokens(self) -> list[forms.BoundField]:
        """Tokens that somebody has already."""
        return self._bound("auth-access", "auth-refresh", "auth-expires")

    @property
    def settings(self) -> list[forms.BoundField]:
        """The parameters."""
        return self._bound(*(f"parameter-{n}" for n in range(len(self.parameters))))

    def has_errors_in(self, section: list[forms.BoundField]) -> bool:
        """Whether a folded section must be open."""
        return any(bound.errors for bound in section)

    @property
    def opens_own_app(self) -> bool:
        """Whether the own-app fold is open: an error or an entry is in it."""
        typed = any(bound.value() for bound in self.own_app) if self.is_bound else False
        return typed or self.has_errors_in(self.own_app)

    @property
    def opens_tokens(self) -> bool:
        """Whether the tokens fold is open."""
        return self.has_errors_in(self.tokens)
