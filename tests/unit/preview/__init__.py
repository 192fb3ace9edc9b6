"""Previews, recorded from the real engine, and the Markdown they become."""
