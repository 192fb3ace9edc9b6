"""Hold the providers that this project brings itself."""
