"""The registry's HTTP: paths, headers and codes of the OCI distribution spec and of registry:2."""
