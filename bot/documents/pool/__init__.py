"""The reading processes: their pool, their confinement, what passes between them and the daemon."""
