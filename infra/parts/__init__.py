"""Declare a stack's resources, one component a module."""
