"""The database room: mails, register, notices and letters, kept on SQLite or PostgreSQL. Its only door is storage.store."""
