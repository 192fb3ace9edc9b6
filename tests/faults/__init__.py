"""What the program survives: faults, edits made behind its back, a full disk; and that no secret gets out."""
