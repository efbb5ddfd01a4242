"""The letters' typed contexts and what they share."""
