"""Features: what distances between samples are measured in."""
