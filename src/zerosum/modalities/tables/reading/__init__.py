"""Reading tables: files and frames, what their columns are, and their rows as values."""
