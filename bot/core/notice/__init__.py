"""What is on the papers: documents, labels, key notices."""
