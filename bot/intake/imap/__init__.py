"""The door that watches a mailbox (RFC 9051, RFC 3501; IDLE: RFC 2177)."""
