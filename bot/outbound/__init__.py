"""What leaves the house: letters made from contexts, and their delivery."""
