"""Readers of databases: folders of tables, SQLite and other databases, frames."""
