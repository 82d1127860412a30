"""AWS's protocols: bytes to requests and results to bytes, compiled from the wire models."""
