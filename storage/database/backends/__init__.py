"""Tortoise's two engines, made safe against cancellation; each module carries its dialect's `__models__`, which Tortoise reads."""
