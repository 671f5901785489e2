"""Many counties in one run: each checked by itself, on workers, and the borders between them."""

from geo.errors import GeoError


class SchedulerUnreachableError(GeoError):
    """No cluster answers at the address."""
