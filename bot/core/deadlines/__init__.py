"""What is due on which day, and who is reminded."""
