"""Tortoise's two engines, made safe against cancellation. Tortoise reads `__models__` of each module."""
