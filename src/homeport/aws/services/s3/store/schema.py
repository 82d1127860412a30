"""S3's tables."""

from homeport.kernel.storage.migrations import Migration

# Versions of a key lie together, newest first. What listings show of the current ones is in an index of its own, so
# that a page is read from neighbouring leaves and neither versions nor metadata are passed on the way.
MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        1,
        """
        CREATE TABLE s3_bucket (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            account TEXT NOT NULL,
            region TEXT NOT NULL,
            created_ms INTEGER NOT NULL,
            generation INTEGER NOT NULL,
            versioning TEXT NOT NULL,
            mfa_delete TEXT NOT NULL,
            lockable INTEGER NOT NULL
        );
        CREATE INDEX s3_bucket_by_account ON s3_bucket (account, name);
        CREATE TABLE s3_configuration (
            bucket INTEGER NOT NULL,
            kind TEXT NOT NULL,
            id TEXT NOT NULL,
            content TEXT NOT NULL,
            PRIMARY KEY (bucket, kind, id)
        ) WITHOUT ROWID;
        CREATE TABLE s3_version (
            bucket INTEGER NOT NULL,
            key BLOB NOT NULL,
            seq INTEGER NOT NULL,
            id TEXT NOT NULL,
            current INTEGER NOT NULL,
            marker INTEGER NOT NULL,
            size INTEGER NOT NULL,
            etag TEXT NOT NULL,
            modified_ms INTEGER NOT NULL,
            storage_class TEXT NOT NULL,
            checksum_kind TEXT NOT NULL,
            checksum TEXT NOT NULL,
            body_row INTEGER NOT NULL,
            body_file TEXT NOT NULL,
            owner TEXT NOT NULL,
            head TEXT NOT NULL,
            extra TEXT NOT NULL,
            PRIMARY KEY (bucket, key, seq DESC)
        ) WITHOUT ROWID;
        CREATE INDEX s3_version_listed ON s3_version
            (bucket, key, size, etag, modified_ms, storage_class, checksum_kind, owner)
            WHERE current = 1 AND marker = 0;
        CREATE INDEX s3_version_restored ON s3_version (bucket, key, seq) WHERE extra LIKE '%"restore":%';
        CREATE TABLE s3_body (
            id INTEGER PRIMARY KEY,
            content BLOB NOT NULL
        );
        CREATE TABLE s3_upload (
            row INTEGER PRIMARY KEY,
            bucket INTEGER NOT NULL,
            key BLOB NOT NULL,
            id TEXT NOT NULL,
            initiated_ms INTEGER NOT NULL,
            plan TEXT NOT NULL
        );
        CREATE UNIQUE INDEX s3_upload_by_key ON s3_upload (bucket, key, id);
        CREATE TABLE s3_part (
            upload INTEGER NOT NULL,
            number INTEGER NOT NULL,
            size INTEGER NOT NULL,
            etag TEXT NOT NULL,
            algorithm TEXT NOT NULL,
            checksum TEXT NOT NULL,
            modified_ms INTEGER NOT NULL,
            body_row INTEGER NOT NULL,
            body_file TEXT NOT NULL,
            PRIMARY KEY (upload, number)
        ) WITHOUT ROWID;
        CREATE TABLE s3_completed (
            bucket INTEGER NOT NULL,
            id TEXT NOT NULL,
            completed_ms INTEGER NOT NULL,
            result TEXT NOT NULL,
            PRIMARY KEY (bucket, id)
        ) WITHOUT ROWID;
        CREATE INDEX s3_completed_by_time ON s3_completed (completed_ms);
        CREATE TABLE s3_annotation (
            bucket INTEGER NOT NULL,
            key BLOB NOT NULL,
            seq INTEGER NOT NULL,
            name TEXT NOT NULL,
            etag TEXT NOT NULL,
            modified_ms INTEGER NOT NULL,
            checksum_kind TEXT NOT NULL,
            checksum TEXT NOT NULL,
            content BLOB NOT NULL,
            PRIMARY KEY (bucket, key, seq, name)
        ) WITHOUT ROWID;
        """,
    ),
)
