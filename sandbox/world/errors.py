"""Define a cloud's refusal."""


class CloudError(Exception):
    """A cloud's refusal.

    Attributes:
        status: The real service's HTTP status (404, 409, 422, …).
        message: The service's own words, without any secret value.
        code: The service's machine-readable code, where it has one.
    """

    def __init__(self, status: int, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
