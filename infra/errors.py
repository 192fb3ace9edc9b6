"""Mark the errors that a tool prints as a message, without a traceback."""


class UserError(Exception):
    """Report what a person can mend. The message says what to do, and holds no secret."""
