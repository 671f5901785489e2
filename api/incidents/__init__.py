"""Incidents: where they are dense, how many there are, and each by itself."""
