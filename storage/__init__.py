"""The database: mails, register, notices and letters, on SQLite or PostgreSQL. All access is through storage.store."""
