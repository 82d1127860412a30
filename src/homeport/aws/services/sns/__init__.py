"""The room of SNS: topics and their subscriptions."""
