"""The cache that all web processes share: files here by default, Redis where CACHE_URL names one."""

import fcntl
from pathlib import Path
from typing import Any

from django.core.cache.backends.filebased import FileBasedCache


class CountingFileCache(FileBasedCache):
    """Django's cache in files, with counting that loses nothing when several processes count at once."""

    def __init__(self, directory: str, params: dict[str, Any]) -> None:
        super().__init__(directory, params)
        self.directory = Path(directory)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        with (self.directory / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return super().incr(key, delta, version)
