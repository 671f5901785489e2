"""Small files of our own: written whole, and some for their owner's eyes alone."""

import os
from pathlib import Path


def replace_text(path: Path, text: str) -> None:
    """Write a small file so that a reader sees the old text or the new, never half."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text)
    fresh.replace(path)


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read, from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(text)
