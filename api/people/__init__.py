"""People: officials by name, everyone else masked."""
