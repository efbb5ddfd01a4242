"""What seals access keys and mails, and the file that holds it."""
