"""`python -m bot` is the command line."""

from bot.surroundings import speak_utf8


def start() -> None:
    """Run it, in UTF-8 whatever the locale is."""
    speak_utf8()
    from bot.cli import main  # noqa: PLC0415 - not loaded twice where the program starts anew

    main(prog_name="hosho-bot")


if __name__ == "__main__":
    start()
