"""Games: players, and the moves by which they learn."""
