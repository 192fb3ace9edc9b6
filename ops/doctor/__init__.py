"""List the programs, accounts and settings that are there or missing, with the fix."""
