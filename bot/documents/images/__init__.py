"""What stands on pictures: recognised, compared with what a text layer says, drawn for a person."""
