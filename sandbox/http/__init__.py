"""Answer the paths of the clouds' HTTP APIs that the program calls itself."""
