"""S3 in HTTP's own terms: browsers that ask for leave, forms, and websites."""
