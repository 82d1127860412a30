"""The registry half: OCI distribution over distribution's own directory layout."""
