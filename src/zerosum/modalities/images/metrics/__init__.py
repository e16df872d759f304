"""Measures of single kinds of images."""
