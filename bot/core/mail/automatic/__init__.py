"""Did a machine write this mail, and which kind of machine."""
