"""What players minimise: adversarial losses, penalties, augmentations of what is seen, partners."""
