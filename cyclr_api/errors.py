"""What can go wrong, sorted by the one question a caller has: may I ask again?

::

    CyclrError
    ├── TemporaryError              nothing happened, and it may succeed later
    │   ├── UnreachableError        no connection, no answer to a read, 5xx to a read
    │   ├── RateLimitedError        429; `retry_after` says when to come back
    │   └── UnreadableError         a read whose answer broke off or is not JSON
    │       ├── UnexpectedAnswerError   a whole answer of the wrong shape, or too large
    │       └── PagingError             pages that repeat themselves or never end
    ├── OutcomeUnknownError         a write was sent, its outcome is not known: look first
    └── PermanentError              asking again would not help
        ├── CredentialsRefusedError     the token endpoint refused, or 401 with a token just renewed
        │   └── AccountRefusedError     the same for one account's call: is it known?
        ├── ForbiddenError              403
        │   └── AddressRefusedError         method calls are not allowed from this IP address
        ├── NotFoundError               404
        ├── ConflictError               409
        ├── RefusedError                400 or 422, in Cyclr's own words
        │   ├── NameInUseError          an account connector of that name exists
        │   └── AccountIdInUseError     an account of that id exists
        ├── RedirectedError             3xx; never followed
        └── UnsendableError             refused here, before anything was sent (also a ValueError)

The text of an error names the call as method and path template, the status and Cyclr's own
message. It never holds a body, a header, a token or a value that was sent, and its cause
and context hold no request either.
"""

from .answers import RawAnswer

MESSAGE_LENGTH = 300
"""Characters of Cyclr's message that an error keeps."""


class CyclrError(Exception):
    """Any failure of a call to Cyclr.

    `call`: method and path template, such as "GET /accounts/{id}". `status`: the HTTP status,
    None if there was no answer. `cyclr_message`: Cyclr's words, shortened; text from outside,
    to be escaped when shown. `retry_after`: seconds to leave Cyclr alone, None if it did not
    say. `reason`: our words for what happened. `through`: the installed connector through which
    a third party was asked (a method, a test, a trigger), when the call came as far as Cyclr:
    what the error tells of may be that third party's, and says nothing about Cyclr. Else None.
    `answer`: what a raw call was answered, if it was; never part of the error's text.
    """

    answer: RawAnswer | None = None

    def __init__(
        self,
        call: str,
        status: int | None = None,
        cyclr_message: str | None = None,
        retry_after: float | None = None,
        *,
        reason: str = "",
        through: int | None = None,
    ) -> None:
        super().__init__(call, status, cyclr_message, retry_after)
        self.call = call
        self.status = status
        self.cyclr_message = cyclr_message
        self.retry_after = retry_after
        self.reason = reason
        self.through = through

    def __str__(self) -> str:
        what = self.reason or "failed"
        if self.status is not None:
            what += f" (status {self.status})"
        if self.cyclr_message:
            what += f": {self.cyclr_message}"
        return f"{self.call}: {what}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class TemporaryError(CyclrError):
    """Nothing happened, and it may succeed later."""


class UnreachableError(TemporaryError):
    """No connection; or, to a read, no answer in time or a 5xx."""


class RateLimitedError(TemporaryError):
    """429. `retry_after` is always set, to a guess if the answer did not say.

    Undocumented for the Cyclr API itself [?]; with `through` it is the third party's.
    """


class UnreadableError(TemporaryError):
    """A read was answered with something broken: cut off, HTML, not JSON."""


class UnexpectedAnswerError(UnreadableError):
    """A whole answer that is not what the API promises, or one that is too large."""


class PagingError(UnreadableError):
    """A listing that repeats itself or never ends. It is not delivered as if it were whole."""


class OutcomeUnknownError(CyclrError):
    """A write was sent and nobody knows whether it happened. Look before asking again."""


class PermanentError(CyclrError):
    """Asking again would not help."""


class CredentialsRefusedError(PermanentError):
    """The token endpoint refused the credentials, or 401 came with a token just renewed."""


class AccountRefusedError(CredentialsRefusedError):
    """401 to a call of one account, with a token that was issued for this very call.

    The credentials are good, then: Cyclr probably does not know the account, or it belongs to
    somebody else [?].
    """


class ForbiddenError(PermanentError):
    """403: Cyclr knows who asks, and does not allow it."""


class AddressRefusedError(ForbiddenError):
    """Cyclr has not allow-listed the IP address that this call came from [D].

    Everything but calling and testing methods works from there; Cyclr's support adds addresses.
    """


class NotFoundError(PermanentError):
    """404: no such thing, or no such path."""


class ConflictError(PermanentError):
    """409: for one, changing a cycle while it runs [T]."""


class RefusedError(PermanentError):
    """400 or 422: `cyclr_message` says what Cyclr did not like, if it said anything."""


class NameInUseError(RefusedError):
    """An account connector of this name exists already; recognised by its message [C]."""


class AccountIdInUseError(RefusedError):
    """An account of this id exists already; recognised by its message [T]."""


class RedirectedError(PermanentError):
    """Cyclr's address answers with a redirect. It is never followed: is the address right?"""


class UnsendableError(PermanentError, ValueError):
    """A value that cannot be sent as it is, such as a line break in an account id."""
