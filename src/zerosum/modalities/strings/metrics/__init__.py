"""What is measured of texts."""
