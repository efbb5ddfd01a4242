"""Straight-line code that carries facts to the core and its verdicts to the store. It has no opinion on content."""
