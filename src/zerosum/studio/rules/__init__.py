"""Brand rules: what copy and pictures must keep to, and where they do not."""
