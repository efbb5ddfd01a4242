"""Match one notice with the register, and judge it."""
