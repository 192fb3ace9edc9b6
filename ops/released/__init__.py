"""Print the tag of the newest full release."""
