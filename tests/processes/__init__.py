"""What is started as a process of its own: tools, set-up, the stand-ins, what a run of the program loads."""
