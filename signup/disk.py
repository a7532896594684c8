"""A folder's disk: a file that is synced still has no name after a power cut until its folder is synced as well."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder down to the disk. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
