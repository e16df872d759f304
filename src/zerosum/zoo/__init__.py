"""The zoo: one file for each paper. Papers never import papers."""
