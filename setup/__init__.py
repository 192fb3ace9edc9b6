"""Set up `.venv` and the Pulumi engine, before anything is installed: standard library only."""
