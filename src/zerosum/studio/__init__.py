"""Where people turn what models make into published work: copy, brand rules, review."""
