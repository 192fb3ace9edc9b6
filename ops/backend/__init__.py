"""Refuse a Pulumi backend that a team cannot share."""
