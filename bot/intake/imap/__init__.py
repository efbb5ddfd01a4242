"""The door that watches a mailbox (RFC 3501, 2177)."""
