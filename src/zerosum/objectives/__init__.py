"""What players minimise: adversarial losses, gradient penalties and auxiliary terms."""
