"""When the write-ahead log goes back into the database file, so that it stays small.

SQLite appends changes to the log; a checkpoint copies them into the file, and the next commit may then start the
log anew. Both need fsync, so both happen in the commit thread, while new writes gather:

- a commit that finds CHECKPOINT_PAGES in the log is followed by a checkpoint;
- as no write runs meanwhile, only a reader that still looks at an older state can keep it from being complete;
- a log that keeps growing because of such a reader is tried again every CHECKPOINT_PAGES, and at
  EXPIRE_PAGES the long reads are cut off (`SnapshotExpired`). This bounds the log at about 256 MiB.
"""

import apsw

CHECKPOINT_PAGES = 2048
EXPIRE_PAGES = 65536


class WriteAheadLog:
    """The length of one database's log, and what is to be done about it."""

    def __init__(self, *, checkpoint_pages: int = CHECKPOINT_PAGES, expire_pages: int = EXPIRE_PAGES) -> None:
        self._checkpoint_pages = checkpoint_pages
        self._expire_pages = expire_pages
        self._next_checkpoint = checkpoint_pages
        self._starts_anew = False
        self.pages = 0
        self.failure: str | None = None

    def watch(self, connection: apsw.Connection) -> None:
        """Learn the log's length from each commit on this connection."""
        connection.set_wal_hook(self._committed)

    def _committed(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        if pages < self.pages:
            self._next_checkpoint = self._checkpoint_pages
        self.pages = pages
        return apsw.SQLITE_OK

    @property
    def needs_thread(self) -> bool:
        """Whether the next commit will wait for the disk: to checkpoint, or to start the log anew."""
        return self._starts_anew or self.pages >= self._next_checkpoint

    @property
    def too_long(self) -> bool:
        """Whether somebody has to give way for the log to shrink."""
        return self.pages >= self._expire_pages

    def tend(self, connection: apsw.Connection) -> None:
        """Checkpoint if it is time; called in the commit thread, right after a commit.

        A failure is only noted: the commit has succeeded, its changes stay in the log, and there will be a next try.
        """
        self._starts_anew = False
        if self.pages < self._next_checkpoint:
            return
        self._next_checkpoint = self.pages + self._checkpoint_pages
        try:
            in_log, copied = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.Error as error:
            self.failure = str(error)
        else:
            self.failure = None
            self._starts_anew = in_log == copied
