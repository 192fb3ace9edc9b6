"""State and rules of each cloud, in its own terms. No module here knows a wire format."""
