"""Refuse a backend on which no team can work."""
