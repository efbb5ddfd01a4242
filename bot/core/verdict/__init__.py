"""Decide what follows from a mail."""
