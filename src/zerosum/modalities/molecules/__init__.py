"""Molecules: SMILES outside, SELFIES inside."""
