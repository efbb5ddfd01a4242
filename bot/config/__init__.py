"""The operator's settings: sections by subject, the rules between them, and what they mean to the core."""
