"""The table of settings: every name, kind, default and explanation, once."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Literal, TypeVar

from homeport.kernel.config import kinds
from homeport.kernel.config.access_rule import AccessRule
from homeport.kernel.config.kinds import Kind, Network, Shown
from homeport.kernel.http.address import Address, TcpAddress
from homeport.kernel.secret import Secret

T = TypeVar("T")

Durability = Literal["process", "power"]
LogFormat = Literal["auto", "human", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]
TlsMode = Literal["auto", "on", "off"]
AwsAuth = Literal["open", "signed"]
PresignedV2 = Literal["refuse", "accept"]
QueueUrls = Literal["dynamic", "standard", "domain", "path", "off"]
RegistryAuth = Literal["htpasswd", "none"]

_TABLE = "setting"
_DURABILITY: Kind[Durability] = kinds.choice("process", "power")
_LOG_FORMAT: Kind[LogFormat] = kinds.choice("auto", "human", "json")
_LOG_LEVEL: Kind[LogLevel] = kinds.choice("debug", "info", "warning", "error")
_REGISTRY_AUTH: Kind[RegistryAuth] = kinds.choice("htpasswd", "none")
_AWS_AUTH: Kind[AwsAuth] = kinds.choice("open", "signed")
_PRESIGNED_V2: Kind[PresignedV2] = kinds.choice("refuse", "accept")
_QUEUE_URLS: Kind[QueueUrls] = kinds.choice("dynamic", "standard", "domain", "path", "off")
_TLS_MODE: Kind[TlsMode] = kinds.choice("auto", "on", "off")


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """One row: what can be set, under which names.

    Attributes:
        key: in the configuration file, dots between its levels.
        attribute: of `Settings`; carries the unit where there is one.
        default: as a person would write it.
        env: environment variable; empty where only a file can say it.
        flag: command-line flag; empty where there is none.
    """

    key: str
    attribute: str
    kind: Kind[T]
    default: str
    help: str
    env: str
    flag: str


@dataclass(frozen=True, slots=True)
class _Row(Generic[T]):
    key: str
    kind: Kind[T]
    help: str
    default: str
    sources: Literal["all", "file", "no flag"]


def setting(
    key: str,
    kind: Kind[T],
    default: T,
    about: str,
    *,
    default_text: str = "",
    sources: Literal["all", "file", "no flag"] = "all",
) -> T:
    """A field of `Settings` with its row of the table; `default_text` where the default depends on other things."""
    row = _Row(key, kind, about, default_text or _plain(kind.show(default)), sources)
    return field(default=default, metadata={_TABLE: row})


def _plain(shown: Shown) -> str:
    match shown:
        case bool():
            return str(shown).lower()
        case list() | dict():
            return ""
        case _:
            return str(shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set, parsed and checked."""

    data_dir: Path = setting(
        "data_dir",
        kinds.PATH,
        Path(),
        "Directory that holds everything Homeport keeps; made with mode 0700.",
        default_text="$XDG_DATA_HOME/homeport",
    )
    durability: Durability = setting(
        "durability",
        _DURABILITY,
        "process",
        "What an acknowledged write survives: the end of the process (kill -9), or loss of power too (fsync).",
    )

    user: str = setting(
        "user", kinds.TEXT, "", "Name of the user that the first start makes; empty lets Homeport choose."
    )
    password: Secret = setting(
        "password",
        kinds.SECRET,
        Secret(""),
        "Password of user; empty lets Homeport generate one and show it once. No flag: a process list would show it.",
        sources="no flag",
    )

    log_format: LogFormat = setting(
        "log.format", _LOG_FORMAT, "auto", "Form of the log; auto is human on a terminal and JSON lines elsewhere."
    )
    log_level: LogLevel = setting("log.level", _LOG_LEVEL, "info", "The least important events that are logged.")

    listen_registry: tuple[Address, ...] = setting(
        "listen.registry",
        kinds.ADDRESSES,
        (TcpAddress("127.0.0.1", 5000),),
        "Addresses of the container registry; empty is off, port 0 takes a free one.",
    )
    listen_aws: tuple[Address, ...] = setting(
        "listen.aws",
        kinds.ADDRESSES,
        (TcpAddress("127.0.0.1", 4566),),
        "Addresses of the AWS endpoint; empty is off.",
    )
    listen_debug: tuple[Address, ...] = setting(
        "listen.debug",
        kinds.ADDRESSES,
        (TcpAddress("127.0.0.1", 5001),),
        "Addresses of /metrics and /debug/health; empty is off.",
    )

    http_trusted_proxies: tuple[Network, ...] = setting(
        "http.trusted_proxies",
        kinds.NETWORKS,
        (),
        "Networks of proxies whose X-Forwarded-* and Forwarded headers count.",
    )
    http_tls_hosts: tuple[str, ...] = setting(
        "http.tls_hosts",
        kinds.NAMES,
        (),
        "Hosts, with all names below them, whose TLS a proxy ends that only passes bytes on: their URLs are https.",
    )
    http_header_timeout_seconds: float = setting(
        "http.header_timeout", kinds.DURATION, 30.0, "Longest time for a request's head to arrive."
    )
    http_idle_timeout_seconds: float = setting(
        "http.idle_timeout", kinds.DURATION, 75.0, "How long a connection is kept open between two requests."
    )
    http_body_timeout_seconds: float = setting(
        "http.body_timeout", kinds.DURATION, 60.0, "Longest pause inside a body before the connection is closed."
    )
    http_drain_seconds: float = setting(
        "http.drain", kinds.DURATION, 30.0, "How long requests may still run after the server was told to stop."
    )
    http_max_connections: int | None = setting(
        "http.max_connections",
        kinds.OPTIONAL_COUNT,
        None,
        "Most connections that each listener has open at one time; a further one is answered 503. The AWS endpoint's"
        " default is for parked long polls, about 20 KiB each, and less where the system grants fewer than 11264 files"
        " (RLIMIT_NOFILE).",
        default_text="1024, AWS 8192",
    )

    tls_mode: TlsMode = setting(
        "tls.mode",
        _TLS_MODE,
        "auto",
        "Where TLS is spoken; auto is everywhere but on loopback and Unix sockets, off is plain HTTP everywhere.",
    )
    tls_certificate: Path | None = setting(
        "tls.certificate",
        kinds.OPTIONAL_PATH,
        None,
        "Certificate chain (PEM), read again when it changes; without one Homeport's own CA makes it.",
    )
    tls_key: Path | None = setting("tls.key", kinds.OPTIONAL_PATH, None, "Private key (PEM) of tls.certificate.")
    tls_names: tuple[str, ...] = setting(
        "tls.names", kinds.NAMES, (), "More host names and IP addresses for the certificate that the own CA makes."
    )

    registry_root: Path = setting(
        "registry.root",
        kinds.PATH,
        Path("registry"),
        "Directory of the registry's content, in the layout of CNCF distribution.",
        default_text="<data_dir>/registry",
    )
    registry_auth: RegistryAuth = setting(
        "registry.auth", _REGISTRY_AUTH, "htpasswd", "How users are known; none lets everybody do everything."
    )
    registry_htpasswd: Path = setting(
        "registry.htpasswd",
        kinds.PATH,
        Path("auth/htpasswd"),
        "File of users and bcrypt hashes, read again when it changes.",
        default_text="<data_dir>/auth/htpasswd",
    )
    registry_realm: str = setting("registry.realm", kinds.TEXT, "Homeport", "Name of the registry in password prompts.")
    registry_anonymous_pull: bool = setting(
        "registry.anonymous_pull", kinds.BOOLEAN, False, "Whether everybody may pull without a password."
    )
    registry_access: tuple[AccessRule, ...] = setting(
        "registry.access",
        kinds.ACCESS,
        (),
        "Rules of who may pull, push and delete where; without rules every user may do everything.",
        sources="file",
    )
    registry_groups: Mapping[str, frozenset[str]] = field(
        default_factory=dict,
        metadata={_TABLE: _Row("registry.groups", kinds.GROUPS, "Users of each group that rules name.", "", "file")},
    )
    registry_delete: bool = setting("registry.delete", kinds.BOOLEAN, True, "Whether anything may be deleted.")
    registry_read_only: bool = setting(
        "registry.read_only", kinds.BOOLEAN, False, "Whether every push and delete is refused."
    )
    registry_public_url: str = setting(
        "registry.public_url", kinds.URL, "", "URL that clients reach the registry under, for absolute links."
    )
    registry_relative_urls: bool = setting(
        "registry.relative_urls", kinds.BOOLEAN, True, "Whether Location headers leave out scheme and host."
    )
    registry_headers: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict,
        metadata={_TABLE: _Row("registry.headers", kinds.HEADERS, "Headers put on every answer.", "", "file")},
    )
    registry_sparse_indexes: bool = setting(
        "registry.sparse_indexes",
        kinds.BOOLEAN,
        False,
        "Whether an index may name manifests that its repository does not hold.",
    )
    registry_catalog_max: int = setting(
        "registry.catalog_max", kinds.COUNT, 1000, "Most repositories on one page of the catalog."
    )
    registry_tags_max: int = setting(
        "registry.tags_max", kinds.COUNT, 1000, "Most tags on one page, where a client asks for pages."
    )
    registry_upload_expiry_seconds: float = setting(
        "registry.upload_expiry", kinds.DURATION, 604800.0, "Age at which an upload that nobody finished is removed."
    )
    registry_min_free_bytes: int = setting(
        "registry.min_free", kinds.SIZE, 268435456, "Free disk space below which uploads are refused."
    )
    registry_max_bytes: int = setting(
        "registry.max_size", kinds.SIZE, 0, "Most bytes that the registry's blobs may take; 0 is no limit."
    )

    aws_auth: AwsAuth = setting(
        "aws.auth",
        _AWS_AUTH,
        "open",
        "Whom the AWS endpoint believes: open takes any credentials at their word, signed verifies signatures"
        " against the keys that `homeport key create` and IAM made.",
    )
    aws_presigned_v2: PresignedV2 = setting(
        "aws.presigned_v2",
        _PRESIGNED_V2,
        "refuse",
        "What becomes of S3's presigned URLs and forms that are signed with version 2, as boto3 and the first AWS CLI"
        " make them: accept lets them in until they expire, and in mode signed only with the right signature.",
    )
    aws_host: str = setting(
        "aws.host",
        kinds.TEXT,
        "",
        "Host and port in URLs that AWS operations return (as LOCALSTACK_HOST); empty is as the client addressed us.",
    )
    aws_domains: tuple[str, ...] = setting(
        "aws.domains",
        kinds.NAMES,
        (),
        "Domains that lead to the AWS endpoint with all names below them; such a name is a bucket: BUCKET.DOMAIN.",
    )
    aws_services: tuple[str, ...] = setting(
        "aws.services", kinds.NAMES, (), "AWS services that are switched on (as SERVICES); empty is all of them."
    )
    aws_init_dir: Path = setting(
        "aws.init_dir",
        kinds.PATH,
        Path("/etc/localstack/init"),
        "Directory with boot.d, start.d, ready.d and shutdown.d, whose scripts run at those moments.",
    )
    aws_sqs_queue_urls: QueueUrls = setting(
        "aws.sqs_queue_urls",
        _QUEUE_URLS,
        "dynamic",
        "Form of queue URLs (as SQS_ENDPOINT_STRATEGY): dynamic and off are as the client addressed us, standard and"
        " domain name the region in the host, path in the path.",
    )
    aws_sqs_pauses: bool = setting(
        "aws.sqs_pauses",
        kinds.BOOLEAN,
        False,
        "Whether clients wait a minute between two purges of a queue, and before they make a deleted one again.",
    )
    aws_cors_origins: tuple[str, ...] = setting(
        "aws.cors_origins",
        kinds.NAMES,
        (),
        "Origins of web pages that may use the AWS endpoint, beside those of this machine; * is everybody.",
    )
    aws_cors_headers: tuple[str, ...] = setting(
        "aws.cors_headers", kinds.NAMES, (), "More request headers that such pages may send."
    )
    aws_cors_exposed: tuple[str, ...] = setting(
        "aws.cors_exposed", kinds.NAMES, (), "More response headers that such pages may read."
    )
    aws_cors_checks: bool = setting(
        "aws.cors_checks", kinds.BOOLEAN, True, "Whether requests from foreign web pages are refused."
    )
    aws_cors_answers: bool = setting(
        "aws.cors_answers", kinds.BOOLEAN, True, "Whether CORS headers are sent to the pages that are known."
    )
    aws_localstack_header: bool = setting(
        "aws.localstack_header",
        kinds.BOOLEAN,
        True,
        "Whether answers carry x-localstack: true, as tools expect.",
    )

    page_registry_url: str = setting(
        "page.registry_url", kinds.URL, "", "The registry's URL as the start page tells it; empty is as it was asked."
    )
    page_aws_url: str = setting("page.aws_url", kinds.URL, "", "URL of the AWS endpoint, as the start page tells it.")
    page_authority: Path | None = setting(
        "page.authority",
        kinds.OPTIONAL_PATH,
        None,
        "CA certificate (PEM) that the start page offers; without one Homeport's own.",
    )

    def __post_init__(self) -> None:
        # Paths that nobody set are relative, and live in the data directory; a set path is absolute and stays.
        for attribute in ("registry_root", "registry_htpasswd"):
            object.__setattr__(self, attribute, self.data_dir / getattr(self, attribute))


def _setting_of(declared: "dataclasses.Field[object]") -> Setting[object]:
    row: _Row[object] = declared.metadata[_TABLE]
    words = row.key.replace(".", "_")
    return Setting(
        key=row.key,
        attribute=declared.name,
        kind=row.kind,
        default=row.default,
        help=row.help,
        env="" if row.sources == "file" else f"HOMEPORT_{words.upper()}",
        flag="--" + words.replace("_", "-") if row.sources == "all" else "",
    )


SETTINGS: tuple[Setting[object], ...] = tuple(_setting_of(declared) for declared in dataclasses.fields(Settings))
"""Every setting, in the order of the file's sections."""
