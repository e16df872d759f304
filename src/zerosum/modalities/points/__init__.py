"""Points: vectors of a few numbers, and toy mixtures that show mode collapse."""
