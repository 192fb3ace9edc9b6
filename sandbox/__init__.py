"""Stand-ins for the clouds, on one machine, behind the real Pulumi engine."""
