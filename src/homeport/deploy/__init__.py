"""Homeport on a K3s cluster: what to apply there, how to apply it, and whether it works."""
