"""Who answers for a place: the chain of responsibility at a point."""
