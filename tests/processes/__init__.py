"""Tests that start processes: tools, set-up, the stand-ins, and a run of the program for the modules it loads."""
