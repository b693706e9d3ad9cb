"""What a console's customers read in messages instead of our sentences."""

from __future__ import annotations

from django.db import models

from dashboard.consoles.models import Console


class EmailText(models.Model):
    """Own words of a console for one message in one language; what is empty is ours.

    Written as it was typed, with placeholders like `{account}`; `links/mail/own_texts.py` fills
    them in.
    """

    console = models.ForeignKey(Console, on_delete=models.CASCADE, related_name="email_texts")
    message = models.CharField(max_length=40, help_text="A name of `own_texts.messages()`.")
    language = models.CharField(max_length=5)
    subject = models.CharField(max_length=200, blank=True, default="")
    opening = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["console", "message", "language"], name="one_email_text_each"
            )
        ]

    def __str__(self) -> str:
        return f"{self.message} ({self.language}) of {self.console}"
