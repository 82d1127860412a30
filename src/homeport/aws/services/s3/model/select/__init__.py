"""S3 Select: SQL over the records of one object."""
