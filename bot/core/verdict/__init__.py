"""Match, judge and decide what follows from a mail."""
