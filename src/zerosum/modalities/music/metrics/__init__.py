"""What is measured of music."""
