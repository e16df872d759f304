"""How samples are shown and written: what modalities give, and what writers of text share."""
