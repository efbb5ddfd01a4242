"""The database as a whole: copies, another place."""
