"""The shape of config.yml: which sections and keys registry:2 and 3 know, and how variables call them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from homeport.registry.distribution.document import Tree


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value without further structure."""


@dataclass(frozen=True, slots=True)
class Free:
    """A map of any keys.

    Attributes:
        value: the shape that all values have; `None` if they may have any.
        shorthand: whether a bare word stands for a map of that one key, as in `auth: htpasswd`.
    """

    value: "Node | None" = None
    shorthand: bool = False

    @property
    def below(self) -> "Node":
        """The shape of a value."""
        return self.value or Free()


@dataclass(frozen=True, slots=True)
class Many:
    """A list of values of one shape."""

    item: "Node"


@dataclass(frozen=True, slots=True)
class Section:
    """Known keys; `variables` maps those that environment variables call otherwise than by the key in capitals."""

    keys: Mapping[str, "Node"]
    variables: Mapping[str, str] = field(default_factory=dict)

    def key_for(self, part: str) -> str | None:
        """The key that one part of a variable's name stands for."""
        if part in self.variables:
            return self.variables[part]
        key = part.lower()
        return key if part.isupper() and key in self.keys and key not in self.variables.values() else None


Node: TypeAlias = Leaf | Free | Many | Section

_LEAF: Final = Leaf()
_LEAVES: Final = Many(_LEAF)


def _section(*leaves: str, **sections: Node) -> Section:
    return Section({**dict.fromkeys(leaves, _LEAF), **sections})


_HEADERS = Free(_LEAVES)
_CHECK = ("interval", "threshold", "timeout")
_TLS = _section(
    *("certificate", "key", "clientauth", "minimumtls"),
    clientcas=_LEAVES,
    ciphersuites=_LEAVES,
    letsencrypt=_section("cachefile", "email", "directoryurl", hosts=_LEAVES),
)
_REDIS = _section(
    *("addr", "password", "db", "dialtimeout", "readtimeout", "writetimeout", "username", "clientname", "protocol"),
    *("sentinelusername", "sentinelpassword", "maxretries", "minretrybackoff", "maxretrybackoff", "mastername"),
    *("contexttimeoutenabled", "poolfifo", "poolsize", "pooltimeout", "minidleconns", "maxidleconns", "maxactiveconns"),
    *("connmaxidletime", "connmaxlifetime", "maxredirects", "readonly", "routebylatency", "routerandomly"),
    addrs=_LEAVES,
    tls=_section("enabled", "certificate", "key", clientcas=_LEAVES),
    pool=_section("maxidle", "maxactive", "idletimeout"),
)

CONFIGURATION: Final = _section(
    *("version", "loglevel"),
    log=_section(
        "level", "formatter", "reportcaller", accesslog=_section("disabled"), fields=Free(), hooks=Many(Free())
    ),
    storage=Free(shorthand=True),
    auth=Free(shorthand=True),
    middleware=Free(Many(_section("name", "disabled", options=Free()))),
    reporting=Free(),
    http=_section(
        *("addr", "net", "host", "prefix", "secret", "relativeurls", "draintimeout"),
        tls=_TLS,
        headers=_HEADERS,
        debug=_section("addr", prometheus=_section("enabled", "path")),
        http2=_section("disabled"),
        h2c=_section("enabled"),
    ),
    notifications=Section(
        {"events": _section("includereferences"), "endpoints": Many(Free())},
        variables={"EVENTCONFIG": "events"},
    ),
    redis=_REDIS,
    health=Section(
        {
            "storagedriver": _section("enabled", "interval", "threshold"),
            "file": Many(_section("file", *_CHECK)),
            "http": Many(_section("uri", "statuscode", *_CHECK, headers=_HEADERS)),
            "tcp": Many(_section("addr", *_CHECK)),
        },
        variables={"FILECHECKERS": "file", "HTTPCHECKERS": "http", "TCPCHECKERS": "tcp"},
    ),
    catalog=_section("maxentries"),
    tags=_section("maxtags"),
    proxy=_section(
        *("remoteurl", "username", "password", "ttl", "cachewritetimeout"), exec=_section("command", "lifetime")
    ),
    compatibility=_section(
        schema1=Section({"enabled": _LEAF, "signingkeyfile": _LEAF}, variables={"TRUSTKEY": "signingkeyfile"})
    ),
    validation=_section(
        *("enabled", "disabled"),
        manifests=_section(
            urls=_section(allow=_LEAVES, deny=_LEAVES), indexes=_section("platforms", platformlist=Many(Free()))
        ),
    ),
    policy=_section(repository=_section(classes=_LEAVES)),
    homeport=Free(),
)
"""The whole file. `homeport` is ours: distribution ignores a section that it does not know."""


def unknown_keys(tree: Tree, node: Node = CONFIGURATION, at: str = "") -> Iterator[str]:
    """Keys that registry:2 would ignore in silence, with their path."""
    match node:
        case Section(keys) if isinstance(tree, dict):
            for key, value in tree.items():
                if key in keys:
                    yield from unknown_keys(value, keys[key], f"{at}{key}.")
                else:
                    yield f"{at}{key}"
        case Free(value_node) if isinstance(tree, dict) and value_node is not None:
            for key, value in tree.items():
                yield from unknown_keys(value, value_node, f"{at}{key}.")
        case Many(item) if isinstance(tree, list):
            for value in tree:
                yield from unknown_keys(value, item, at)
        case _:
            return
