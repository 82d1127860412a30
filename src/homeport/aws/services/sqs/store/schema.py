"""The tables of SQS."""

from homeport.kernel.storage.migrations import Migration

PLACE_BITS = 36
"""Room for 68 billion messages on one shelf, and for 134 million shelves."""

INLINE_BYTES = 2048

MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        1,
        """
        CREATE TABLE sqs_queue (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            shelf INTEGER NOT NULL,
            account TEXT NOT NULL,
            region TEXT NOT NULL,
            name TEXT NOT NULL,
            attributes TEXT NOT NULL,
            tags TEXT NOT NULL,
            dead_letter_arn TEXT,
            created_ms INTEGER NOT NULL,
            modified_ms INTEGER NOT NULL,
            purged_ms INTEGER NOT NULL DEFAULT 0
        );
        CREATE UNIQUE INDEX sqs_queue_by_name ON sqs_queue (account, region, name);
        CREATE INDEX sqs_queue_by_dead_letter ON sqs_queue (dead_letter_arn) WHERE dead_letter_arn IS NOT NULL;
        CREATE TABLE sqs_deleted (
            account TEXT NOT NULL,
            region TEXT NOT NULL,
            name TEXT NOT NULL,
            deleted_ms INTEGER NOT NULL,
            PRIMARY KEY (account, region, name)
        ) WITHOUT ROWID;
        CREATE TABLE sqs_shelf (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            queue INTEGER,
            place INTEGER NOT NULL,
            total INTEGER NOT NULL DEFAULT 0,
            delayed INTEGER NOT NULL DEFAULT 0,
            in_flight INTEGER NOT NULL DEFAULT 0,
            as_of_ms INTEGER NOT NULL DEFAULT 0,
            grouped INTEGER NOT NULL DEFAULT 0
        );
        CREATE INDEX sqs_shelf_abandoned ON sqs_shelf (id) WHERE queue IS NULL;
        CREATE TABLE sqs_message (
            id INTEGER PRIMARY KEY,
            shelf INTEGER NOT NULL,
            lane INTEGER NOT NULL,
            visible_ms INTEGER NOT NULL,
            receives INTEGER NOT NULL,
            received_ms INTEGER,
            first_received_ms INTEGER,
            sent_ms INTEGER NOT NULL,
            message_id TEXT NOT NULL,
            sender TEXT NOT NULL,
            md5 BLOB NOT NULL,
            body TEXT,
            attributes BLOB,
            trace TEXT,
            group_id TEXT,
            rank INTEGER,
            deduplication_id TEXT,
            origin TEXT
        );
        CREATE INDEX sqs_message_by_lane ON sqs_message (shelf, lane, visible_ms, receives, id);
        CREATE INDEX sqs_message_by_age ON sqs_message (shelf, sent_ms, id);
        CREATE INDEX sqs_message_by_group ON sqs_message (shelf, group_id, rank, id) WHERE group_id IS NOT NULL;
        CREATE TABLE sqs_body (
            id INTEGER PRIMARY KEY,
            body TEXT NOT NULL
        );
        CREATE TABLE sqs_group (
            shelf INTEGER NOT NULL,
            group_id TEXT NOT NULL,
            head INTEGER NOT NULL,
            PRIMARY KEY (shelf, group_id)
        ) WITHOUT ROWID;
        CREATE TABLE sqs_deduplication (
            queue INTEGER NOT NULL,
            id TEXT NOT NULL,
            scope TEXT NOT NULL,
            sent_ms INTEGER NOT NULL,
            message_id TEXT NOT NULL,
            place INTEGER NOT NULL,
            PRIMARY KEY (queue, id, scope)
        ) WITHOUT ROWID;
        CREATE INDEX sqs_deduplication_by_age ON sqs_deduplication (sent_ms);
        CREATE TABLE sqs_attempt (
            queue INTEGER NOT NULL,
            id TEXT NOT NULL,
            received_ms INTEGER NOT NULL,
            messages TEXT NOT NULL,
            PRIMARY KEY (queue, id)
        ) WITHOUT ROWID;
        CREATE INDEX sqs_attempt_by_age ON sqs_attempt (received_ms);
        CREATE TABLE sqs_move_task (
            id TEXT PRIMARY KEY,
            source INTEGER NOT NULL,
            source_arn TEXT NOT NULL,
            destination_arn TEXT,
            rate INTEGER,
            status TEXT NOT NULL,
            moved INTEGER NOT NULL,
            to_move INTEGER NOT NULL,
            started_ms INTEGER NOT NULL,
            failure TEXT
        );
        CREATE INDEX sqs_move_task_by_source ON sqs_move_task (source_arn, started_ms);
        CREATE INDEX sqs_move_task_running ON sqs_move_task (started_ms) WHERE status IN ('RUNNING', 'CANCELLING');
        """,
    ),
    Migration(
        2,
        # Until now a receive could leave a FIFO group's first message behind the group, where no receive finds it.
        """
        UPDATE sqs_message SET lane = lane & 1
        WHERE lane IN (2, 3)
            AND shelf IN (SELECT shelf FROM sqs_queue WHERE name LIKE '%.fifo')
            AND NOT EXISTS (
                SELECT 1 FROM sqs_message AS earlier
                WHERE earlier.shelf = sqs_message.shelf AND earlier.group_id = sqs_message.group_id
                    AND (earlier.rank, earlier.id) < (sqs_message.rank, sqs_message.id)
            );
        """,
    ),
)
