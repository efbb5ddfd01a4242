"""`python -m bot.documents.pool PARENT_PID`: the fork server, see fork_server.py."""

import sys

from bot.loading import loading

if __name__ == "__main__":
    with loading():
        # Cryptodome's ciphers are called by ctypes where cffi is missing: to load that, and its parser of C, takes longer than
        # all of them, and nothing else here needs it.
        sys.modules["cffi"] = None  # type: ignore[assignment]
        from bot.documents.pool.fork_server import main

    main()
