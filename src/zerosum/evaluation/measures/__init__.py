"""One file for each kind of measure; the judge finds them by themselves."""
