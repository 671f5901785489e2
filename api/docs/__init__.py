"""The documentation that the service serves: rules, and how the proof works."""
