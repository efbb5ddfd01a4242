"""What a contractor wants who writes words instead of a notice, or beside one: pure functions of his text."""
