"""The city's spreadsheets: typed cells out of a file, and into one."""
