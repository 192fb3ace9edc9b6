"""Fail where a stack's clouds differ from its state."""
