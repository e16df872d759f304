"""Columns that say who somebody is: recognised, and made anew in their own form."""
