"""Containers of files, opened within bounds."""
