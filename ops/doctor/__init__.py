"""List what is there and what is missing, with the fix."""
