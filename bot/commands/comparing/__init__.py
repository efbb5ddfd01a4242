"""What the program decides, compared: with its earlier decisions, and with what the people did."""
