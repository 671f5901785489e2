"""The coverage: its verdict, its findings, and a new check."""
