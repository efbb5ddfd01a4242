"""Outgoing mail: letters made from contexts, and their delivery."""
