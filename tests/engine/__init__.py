"""Tests through the real engine."""
