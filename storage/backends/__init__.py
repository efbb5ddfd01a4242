"""Tortoise's two backends, made safe against cancellation, and each dialect's models.

A backend is named as a Tortoise engine by database.py; its module also carries `__models__`, which Tortoise reads.
"""
