"""The local AWS cloud: one gateway, and a room for each service behind it."""
