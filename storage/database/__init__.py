"""One database of either dialect: its connection, tables, schema and the daemon's lock."""
