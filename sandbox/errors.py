"""The error of the sandbox itself, as against the refusals of its clouds."""


class SandboxError(Exception):
    """The sandbox cannot do what it was asked to. The message says why, and what to do about it."""
