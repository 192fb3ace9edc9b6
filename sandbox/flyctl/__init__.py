"""A stand-in for the `flyctl` executable, version 0.4.87: its commands, texts, exit codes and traps."""
