"""The city's files of guarantees: columns, values, rows, the plan of an import."""
