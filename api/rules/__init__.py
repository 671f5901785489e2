"""Rules and thresholds as the county has them: read for a check, seen and changed by planners."""
