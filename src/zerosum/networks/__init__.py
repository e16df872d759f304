"""Networks: parts and players that several papers share."""
