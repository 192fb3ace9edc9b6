"""Make what must be there first: `.venv` and the Pulumi engine. Standard library only."""
