"""What the registry does, one function for each thing that a client can ask; no HTTP here."""
