"""The referee: watches a duel, says what is wrong with it, and mends it through its recipe."""
