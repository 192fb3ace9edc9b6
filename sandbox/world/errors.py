"""What a cloud answers when it refuses."""


class CloudError(Exception):
    """A cloud's refusal.

    Attributes:
        status: The HTTP status the real service answers with (404, 409, 422, …).
        message: The service's own words. Never holds a secret value.
        code: The service's machine-readable code, where it has one.
    """

    def __init__(self, status: int, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
