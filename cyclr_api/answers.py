"""An answer as it came, for who wants to see what a third party really said."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """Status and body, byte for byte. `is_whole`: False for a body that broke off or was cut."""

    status: int
    body: bytes = field(repr=False)
    content_type: str = ""
    is_whole: bool = True
