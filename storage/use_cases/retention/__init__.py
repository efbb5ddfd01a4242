"""What is kept for how long: disposal, and what is kept of one person."""
