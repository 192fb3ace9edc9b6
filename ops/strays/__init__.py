"""Show what the clouds hold and no stack's state has."""
