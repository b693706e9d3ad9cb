"""A value that must not show up where nobody asked for it."""

from typing import NoReturn


class Secret:
    """Holds a text; `reveal()` hands it out, everything else shows `***`."""

    __slots__ = ("_text",)

    def __init__(self, text: "str | Secret") -> None:
        self._text: str = text.reveal() if isinstance(text, Secret) else text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return "'***'"

    def __str__(self) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A Secret is not pickled: seal its text instead")
