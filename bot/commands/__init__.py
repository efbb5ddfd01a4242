"""The command line's commands, one file a noun. They show and ask; what happens, happens in workers and storage."""
