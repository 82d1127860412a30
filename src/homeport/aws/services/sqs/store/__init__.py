"""Queues and messages in SQL: the only place of this room that knows a table.

A receive must cost the same whether its queue holds a thousand messages or a million, so all it does is read the
first entries of index ranges:

- `sqs_message.id` is the queue's shelf and the message's place on it, so rows of a queue lie together in the order
  in which they were sent, and a handle leads to its row at once.
- `sqs_message_by_lane` has each lane (see `model.visibility`) in the order in which its messages become visible.
- `sqs_message_by_group` has each message group in its order; `sqs_message_by_age` what retention takes first.
- Bodies over `INLINE_BYTES` have a table of their own, so that hiding a message does not rewrite them.
- Counters stand in the shelf's row, as of a moment; what has come due since is counted by a range of the index, once.

A purge gives the queue an empty shelf; a job clears the old one piece by piece.
"""
