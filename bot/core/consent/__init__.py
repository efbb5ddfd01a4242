"""Consent to notifications: its rules and the words that give and withdraw it."""
