"""Finished maps: one file or picture to keep, to print, or to carry away on a USB stick."""
