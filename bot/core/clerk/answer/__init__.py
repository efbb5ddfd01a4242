"""What a clerk's answer says, as orders: its words, lines and sentences."""
