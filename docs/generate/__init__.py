"""Writes the generated documents; a test compares each with its source."""
