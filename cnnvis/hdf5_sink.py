"""A file that HDF5 can always write to and close, also on a full disk."""

import os
from io import RawIOBase
from pathlib import Path


class Sink(RawIOBase):
    """A file opened for writing that never fails, and remembers that it did.

    HDF5 cannot give up. When a disk is full it keeps what it could not write and tries again when
    the file is closed, and when the process ends, which then crashes; some of its errors are never
    seen at all. So HDF5 is told that all is well: the first error is kept in :attr:`error`, what is
    written from then on stays in memory, and the file can be closed and forgotten.
    """

    def __init__(self, path: Path) -> None:
        """Begin an empty file."""
        self.error: OSError | None = None
        self._file = path.open("w+b", buffering=0)
        self._position = 0
        self._size = 0
        self._kept: list[tuple[int, bytes]] = []

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, counted from the beginning or from the end."""
        self._position = offset + (self._size if whence == os.SEEK_END else 0)
        return self._position

    def tell(self) -> int:
        """Return the place."""
        return self._position

    def write(self, data: object) -> int:
        """Write everything at the place, or keep it where that cannot be done."""
        view = memoryview(data).cast("B")  # type: ignore[arg-type]  # whatever is made of bytes
        if self.error is None:
            try:
                self._write_through(view)
            except OSError as error:
                self.error = error
        if self.error is not None:
            self._kept.append((self._position, bytes(view)))
        self._position += len(view)
        if len(view):
            self._size = max(self._size, self._position)
        return len(view)

    def _write_through(self, data: memoryview) -> None:
        done = 0
        while done < len(data):
            done += os.pwrite(self._file.fileno(), data[done:], self._position + done)

    def readinto(self, buffer: object) -> int:
        """Fill ``buffer`` from the place on; bytes never written are 0."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        begin, end = self._position, self._position + len(view)
        found = os.pread(self._file.fileno(), len(view), begin).ljust(len(view), b"\0")
        view[:] = found
        for place, data in self._kept:
            first, last = max(begin, place), min(end, place + len(data))
            if first < last:
                view[first - begin : last - begin] = data[first - place : last - place]
        self._position = end
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Make the file ``size`` bytes long."""
        self._size = self._position if size is None else size
        if self.error is None:
            try:
                os.ftruncate(self._file.fileno(), self._size)
            except OSError as error:
                self.error = error
        return self._size

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
