"""DynamoDB's state in SQL: the only place that knows it is SQL."""
