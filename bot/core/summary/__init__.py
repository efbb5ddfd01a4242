"""What a desk reads of its open work: facts, text, workbook."""
