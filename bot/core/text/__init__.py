"""What Japanese text needs, for every room."""
