"""Levels of games: grids of tiles, and what makes one playable."""
