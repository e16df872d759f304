"""How numbers and moments are written as text, and read from it."""
