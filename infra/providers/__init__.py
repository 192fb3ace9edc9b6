"""Providers of our own."""
