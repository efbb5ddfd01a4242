"""What a clerk orders by answering a letter, or enters by mail."""
