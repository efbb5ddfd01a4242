"""What the commands share: options and exit codes, output for people and programs, both languages of help."""
