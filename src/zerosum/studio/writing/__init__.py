"""Copy for an item, by a multimodal LLM or by a template, with what it cost."""
