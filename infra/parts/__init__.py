"""Declare what a stack makes, one component a module."""
