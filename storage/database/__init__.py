"""One database of either dialect: connection, tables, migrations, and the daemon's lock."""
