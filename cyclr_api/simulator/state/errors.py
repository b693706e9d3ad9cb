"""How a rule of Cyclr's says no, and how a world file is refused."""

from collections.abc import Iterator
from contextlib import contextmanager

DENIED = "Authorization has been denied for this request."


class ApiError(Exception):
    """Cyclr says no: a status and, where there is one, its message."""

    def __init__(self, status: int, message: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class WorldFileError(ValueError):
    """A world file makes no sense; the message is a sentence that names the place."""


@contextmanager
def reading(part: str) -> Iterator[None]:
    """Whatever goes wrong inside is the fault of this part of the file."""
    try:
        yield
    except WorldFileError:
        raise
    except KeyError as error:
        raise WorldFileError(f"{part}: {error} is missing, or names nothing.") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise WorldFileError(f"{part}: {error}") from error
