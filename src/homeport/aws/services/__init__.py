"""A room for each AWS service; none of them knows another."""
