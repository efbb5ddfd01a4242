"""The city's rules as plain values."""
