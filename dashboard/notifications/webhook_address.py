"""Where a webhook leads: encrypted, since an address often holds a key."""

from __future__ import annotations

from django.db import models

from dashboard.common import encryption


class WebhookAddress(models.Model):
    """The columns of the address, and the one way to them."""

    url = models.TextField(
        blank=True, default="", help_text="In clear, by a release before; it is encrypted soon."
    )
    encrypted_url = models.TextField(blank=True, default="", db_default="")

    class Meta:
        abstract = True

    @property
    def associated_data(self) -> str:
        """What the encrypted columns are bound to, but for the address."""
        raise NotImplementedError

    def associated_data_of(self, column: str) -> str:
        """What each of its encrypted columns is bound to."""
        if column == "encrypted_url":
            return f"notifications.webhook:{self._console_id}:url"
        return self.associated_data

    @property
    def address(self) -> str:
        """Where requests go: it often holds a key. Raises `DecryptionError`.

        In clear it stands only where a process of a release before wrote it last.
        """
        return self.url or encryption.decrypt(
            self.encrypted_url, associated_data=self.associated_data_of("encrypted_url")
        )

    def set_address(self, url: str) -> None:
        """Take another address; the row is not saved."""
        self.url = ""
        self.encrypted_url = encryption.encrypt(
            url, associated_data=self.associated_data_of("encrypted_url")
        )

    @property
    def _console_id(self) -> int:
        return int(vars(self)["console_id"])
