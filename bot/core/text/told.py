"""What a person has asked for can't be done: the text says why, and what to do instead, in Japanese.

Raised by whoever finds that out; a command shows the text as it is.
"""


class ToldError(ValueError):
    """Its text is for the person who asked."""
