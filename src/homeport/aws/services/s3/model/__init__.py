"""What S3 allows and means: plain functions and values that know no clock, disk or network."""
