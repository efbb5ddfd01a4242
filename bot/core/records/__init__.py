"""What the database keeps: one file a thing, with its states and its transition table."""
