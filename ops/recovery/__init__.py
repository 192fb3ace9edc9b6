"""Put a stack in order after an update that was killed."""
