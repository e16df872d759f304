"""Tables: rows of numbers, categories, moments and keys, under constraints."""
