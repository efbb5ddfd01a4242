"""What is decided, without doing any of it: values in, values out. No I/O, no clock, no framework."""
