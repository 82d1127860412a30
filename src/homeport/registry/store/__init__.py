"""The registry's content on disk, and the index derived from it."""
