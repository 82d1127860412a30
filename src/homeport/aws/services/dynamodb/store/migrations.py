"""DynamoDB's tables.

An item is one row: its key in the table's order (`model.keys`), its size, and its attributes as the JSON that goes over
the wire. The row is found through one ordered index; secondary indexes and the order of expiry are entries that point
at rows. Ids are never used twice, so that what a deleted table leaves behind can be cleared away later, bit by bit.
"""

from homeport.kernel.storage.migrations import Migration

MIGRATIONS = (
    Migration(
        1,
        """
        CREATE TABLE ddb_data (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            dropped INTEGER NOT NULL DEFAULT 0
        );
        CREATE TABLE ddb_table (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account TEXT NOT NULL,
            region TEXT NOT NULL,
            name TEXT NOT NULL,
            data_id INTEGER NOT NULL,
            settings TEXT NOT NULL
        );
        CREATE UNIQUE INDEX ddb_table_name ON ddb_table (account, region, name);
        CREATE INDEX ddb_table_data ON ddb_table (data_id);
        CREATE TABLE ddb_item (
            id INTEGER PRIMARY KEY,
            data_id INTEGER NOT NULL,
            key BLOB NOT NULL,
            size INTEGER NOT NULL,
            item BLOB NOT NULL
        );
        CREATE UNIQUE INDEX ddb_item_key ON ddb_item (data_id, key);
        CREATE TABLE ddb_index (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            data_id INTEGER NOT NULL,
            filled_to BLOB,
            dropped INTEGER NOT NULL DEFAULT 0
        );
        CREATE TABLE ddb_entry (
            index_id INTEGER NOT NULL,
            key BLOB NOT NULL,
            item_id INTEGER NOT NULL,
            PRIMARY KEY (index_id, key)
        ) WITHOUT ROWID;
        CREATE TABLE ddb_change (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            data_id INTEGER NOT NULL,
            at INTEGER NOT NULL,
            by_service INTEGER NOT NULL,
            key BLOB NOT NULL,
            old BLOB,
            new BLOB
        );
        CREATE INDEX ddb_change_data ON ddb_change (data_id, id);
        CREATE TABLE ddb_stream (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            arn TEXT NOT NULL UNIQUE,
            account TEXT NOT NULL,
            region TEXT NOT NULL,
            name TEXT NOT NULL,
            label TEXT NOT NULL,
            data_id INTEGER NOT NULL,
            view_type TEXT NOT NULL,
            key_schema TEXT NOT NULL,
            created INTEGER NOT NULL,
            closed INTEGER
        );
        CREATE TABLE ddb_shard (
            stream_id INTEGER NOT NULL,
            number INTEGER NOT NULL,
            name TEXT NOT NULL,
            first INTEGER NOT NULL,
            last INTEGER,
            opened INTEGER NOT NULL,
            closed INTEGER,
            PRIMARY KEY (stream_id, number)
        ) WITHOUT ROWID;
        CREATE TABLE ddb_token (
            account TEXT NOT NULL,
            region TEXT NOT NULL,
            token TEXT NOT NULL,
            digest BLOB NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (account, region, token)
        ) WITHOUT ROWID;
        CREATE TABLE ddb_backup (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            arn TEXT NOT NULL UNIQUE,
            account TEXT NOT NULL,
            region TEXT NOT NULL,
            table_name TEXT NOT NULL,
            name TEXT NOT NULL,
            created INTEGER NOT NULL,
            data_id INTEGER NOT NULL,
            size INTEGER NOT NULL,
            count INTEGER NOT NULL,
            settings TEXT NOT NULL
        );
        CREATE TABLE ddb_task (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            arn TEXT NOT NULL UNIQUE,
            kind TEXT NOT NULL,
            account TEXT NOT NULL,
            region TEXT NOT NULL,
            table_arn TEXT NOT NULL,
            token TEXT NOT NULL,
            digest BLOB NOT NULL,
            status TEXT NOT NULL,
            description TEXT NOT NULL
        );
        """,
    ),
    Migration(
        2,
        """
        CREATE TABLE ddb_copy (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            source INTEGER NOT NULL,
            target INTEGER NOT NULL,
            first INTEGER NOT NULL,
            copied_to BLOB NOT NULL,
            undone_to INTEGER
        );
        """,
    ),
)
