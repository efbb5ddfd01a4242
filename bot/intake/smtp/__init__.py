"""The door for SMTP and LMTP (RFC 5321, RFC 2033)."""
