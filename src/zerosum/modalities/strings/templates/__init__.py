"""Templates of texts: they are found in examples, and filled from the rows of a table."""
