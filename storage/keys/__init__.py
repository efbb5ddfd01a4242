"""Encryption of access keys and mails at rest, and the key file."""
