"""Speech of any length: waves made from levels of bands, and voices changed into others."""
