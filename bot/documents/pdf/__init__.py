"""The text of PDFs as their pages show it."""
