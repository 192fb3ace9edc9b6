"""List resources in the clouds that no stack's state has."""
