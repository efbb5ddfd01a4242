"""What is asked of the database: each use case one transaction, or a step of one."""
