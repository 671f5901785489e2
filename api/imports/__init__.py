"""Imports: a file becomes a coverage version, whole or not at all, and can be undone."""
