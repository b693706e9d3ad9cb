"""How a rule of Cyclr's says no."""

DENIED = "Authorization has been denied for this request."


class RefusalError(Exception):
    """Cyclr says no: a status and, where there is one, its message."""

    def __init__(self, status: int, message: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
