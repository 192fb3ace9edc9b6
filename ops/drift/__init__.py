"""Fail if a stack's clouds differ from its program."""
