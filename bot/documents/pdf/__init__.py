"""The text of a PDF as its page shows it."""
