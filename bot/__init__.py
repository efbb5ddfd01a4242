"""Hosho-bot: the daemon behind the inbox for electronic guarantees. Start reading at app.py, or at docs/overview.md."""
