"""The database as a whole: copies, another place, what is kept for how long."""
