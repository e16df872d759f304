"""Databases: tables whose rows refer to rows of other tables."""
