"""The room of SQS: queues and their messages."""
