"""The tables of SNS."""

from homeport.kernel.storage.migrations import Migration

MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        1,
        """
        CREATE TABLE sns_topic (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account TEXT NOT NULL,
            region TEXT NOT NULL,
            name TEXT NOT NULL,
            attributes TEXT NOT NULL,
            tags TEXT NOT NULL,
            protection TEXT,
            place INTEGER NOT NULL DEFAULT 0,
            ended_subscriptions INTEGER NOT NULL DEFAULT 0
        );
        CREATE UNIQUE INDEX sns_topic_by_name ON sns_topic (account, region, name);
        CREATE TABLE sns_subscription (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            arn TEXT NOT NULL UNIQUE,
            topic INTEGER,
            topic_arn TEXT NOT NULL,
            account TEXT NOT NULL,
            region TEXT NOT NULL,
            protocol TEXT NOT NULL,
            endpoint TEXT NOT NULL,
            principal TEXT NOT NULL,
            base_url TEXT NOT NULL,
            token TEXT,
            pending INTEGER NOT NULL,
            authenticated INTEGER NOT NULL,
            attributes TEXT NOT NULL,
            ended_ms INTEGER
        );
        CREATE INDEX sns_subscription_by_topic ON sns_subscription (topic, id) WHERE topic IS NOT NULL;
        CREATE INDEX sns_subscription_by_endpoint ON sns_subscription (topic, protocol, endpoint)
            WHERE topic IS NOT NULL AND ended_ms IS NULL;
        CREATE INDEX sns_subscription_by_account ON sns_subscription (account, region, id);
        CREATE INDEX sns_subscription_by_token ON sns_subscription (token) WHERE token IS NOT NULL;
        CREATE INDEX sns_subscription_ended ON sns_subscription (ended_ms) WHERE ended_ms IS NOT NULL;
        CREATE TABLE sns_deduplication (
            topic INTEGER NOT NULL,
            id TEXT NOT NULL,
            scope TEXT NOT NULL,
            sent_ms INTEGER NOT NULL,
            message_id TEXT NOT NULL,
            place INTEGER NOT NULL,
            PRIMARY KEY (topic, id, scope)
        ) WITHOUT ROWID;
        CREATE INDEX sns_deduplication_by_age ON sns_deduplication (sent_ms);
        CREATE TABLE sns_archive (
            topic INTEGER NOT NULL,
            place INTEGER NOT NULL,
            published_ms INTEGER NOT NULL,
            content BLOB NOT NULL,
            PRIMARY KEY (topic, place)
        ) WITHOUT ROWID;
        CREATE INDEX sns_archive_by_age ON sns_archive (topic, published_ms);
        CREATE TABLE sns_replay (
            subscription INTEGER PRIMARY KEY,
            place INTEGER NOT NULL,
            start_ms INTEGER NOT NULL,
            end_ms INTEGER
        );
        CREATE TABLE sns_application (
            arn TEXT PRIMARY KEY,
            account TEXT NOT NULL,
            region TEXT NOT NULL,
            attributes TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX sns_application_by_account ON sns_application (account, region, arn);
        CREATE TABLE sns_endpoint (
            arn TEXT PRIMARY KEY,
            application TEXT NOT NULL,
            token TEXT NOT NULL,
            attributes TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX sns_endpoint_by_application ON sns_endpoint (application, arn);
        CREATE UNIQUE INDEX sns_endpoint_by_token ON sns_endpoint (application, token);
        CREATE TABLE sns_mail (
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            account TEXT NOT NULL,
            region TEXT NOT NULL,
            recipient TEXT NOT NULL,
            sent_ms INTEGER NOT NULL,
            content BLOB NOT NULL
        );
        CREATE INDEX sns_mail_by_recipient ON sns_mail (kind, account, region, recipient, id);
        CREATE TABLE sns_sms (
            account TEXT NOT NULL,
            region TEXT NOT NULL,
            attributes TEXT NOT NULL,
            PRIMARY KEY (account, region)
        ) WITHOUT ROWID;
        CREATE TABLE sns_opted_out (
            account TEXT NOT NULL,
            region TEXT NOT NULL,
            number TEXT NOT NULL,
            PRIMARY KEY (account, region, number)
        ) WITHOUT ROWID;
        CREATE TABLE sns_sandbox (
            account TEXT NOT NULL,
            region TEXT NOT NULL,
            number TEXT NOT NULL,
            password TEXT NOT NULL,
            verified INTEGER NOT NULL,
            PRIMARY KEY (account, region, number)
        ) WITHOUT ROWID;
        """,
    ),
    Migration(
        2,
        """
        ALTER TABLE sns_subscription ADD COLUMN asked_ms INTEGER;
        UPDATE sns_subscription SET asked_ms = coalesce(ended_ms, unixepoch() * 1000)
            WHERE pending = 1 OR ended_ms IS NOT NULL;
        CREATE INDEX sns_subscription_asked ON sns_subscription (asked_ms) WHERE pending = 1;
        """,
    ),
    Migration(3, "ALTER TABLE sns_replay ADD COLUMN done INTEGER NOT NULL DEFAULT 0"),
)
