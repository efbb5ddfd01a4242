"""The doors by which mail comes in; all of them end in one Receiver."""
