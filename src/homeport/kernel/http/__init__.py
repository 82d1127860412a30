"""HTTP for both halves: listeners, limits, bodies in and out; a thin layer over aiohttp's low-level server."""
