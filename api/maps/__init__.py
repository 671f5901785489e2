"""Tiles, styles and legends: what a map asks for."""
