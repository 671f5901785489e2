"""Many counties in one run: each checked by itself, on workers, and the borders between them."""
