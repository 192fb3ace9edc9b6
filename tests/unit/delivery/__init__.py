"""Workflows, and what is handed to the application."""
