"""The content of papers: documents, labels, key notices."""
