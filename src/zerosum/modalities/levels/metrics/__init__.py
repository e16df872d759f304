"""What is measured of levels."""
