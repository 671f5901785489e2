"""The documentation of rules: pages, pictures drawn from real checks, and the proof explained."""
