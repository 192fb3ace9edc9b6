"""Tests that the program survives faults, kills and edits by hand, and that no secret gets out."""
