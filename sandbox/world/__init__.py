"""Keep each cloud's state and rules in the cloud's own terms. No module here knows a wire format."""
