"""Households without a place on the map: listed, proposed, placed."""
