"""`python -m bot.documents.pool PARENT_PID`: the fork server, see fork_server.py."""

from bot.loading import loading

if __name__ == "__main__":
    with loading():
        from bot.documents.pool.fork_server import main

    main()
