"""What a sentence says that stands beside an order, read by its words."""
