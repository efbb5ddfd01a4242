"""Numbered migrations, plain SQL for each dialect: NNNN_name.sqlite.sql and NNNN_name.postgresql.sql.

Applied in order by database/migrate.py, all pending ones in one transaction. Rules: a file that was released is never changed;
only add (tables, nullable columns or columns with a DEFAULT, indexes), or drop a table whose rows the same file has put into
another one; no BEGIN, COMMIT or PRAGMA in a file; the golden schema files in tests/storage change in the same commit.
"""
