"""Archives and other containers of files, unpacked within limits."""
