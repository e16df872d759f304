"""Odd samples: how they are found, what was found, and controlled ones to try detectors with."""
