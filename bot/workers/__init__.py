"""The workers: they pass facts to the core and its verdicts to the store, and make no decisions on content."""
