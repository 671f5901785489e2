"""Alembic migrations: the one way that tables come to be."""
