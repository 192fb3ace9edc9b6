"""Mark the errors that a tool prints as a message, without a traceback."""


class UserError(Exception):
    """Report a problem that a person can mend. The message names the next step, and holds no secret."""
