"""The doors by which mail comes in. Each hands its mails to the one Receiver."""
