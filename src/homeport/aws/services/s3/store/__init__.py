"""What S3 keeps: rows in the database that all services share, and large bodies as files."""
