"""Thought: pure functions on arrays and frames; no database, file, HTTP, clock or randomness."""
