"""Tests of the Fly.io provider."""
