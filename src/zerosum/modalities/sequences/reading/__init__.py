"""Reading of long tables."""
