"""Wire models and shapes of the AWS services: made by tools/make_api.py from botocore, never edited."""
