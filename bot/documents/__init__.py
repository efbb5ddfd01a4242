"""Hostile input (mail, PDFs, whatever is attached) → values, in limited child processes; the door is reader.Reader."""
