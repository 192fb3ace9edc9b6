"""Bring a stack up for a workflow, with a harmless log."""
