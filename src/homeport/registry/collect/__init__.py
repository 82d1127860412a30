"""Offline garbage collection: what nothing reachable refers to is deleted, and nothing else ever is."""
