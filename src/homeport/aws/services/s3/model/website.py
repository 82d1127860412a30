"""Website hosting: the configuration's form, which key a path means, and where routing rules lead."""

from dataclasses import dataclass
from typing import Final

from homeport.aws.api import s3 as api
from homeport.aws.services.s3.errors import InvalidArgument, InvalidRequest, MalformedXml

_PROTOCOLS: Final = frozenset({"http", "https"})
_FOUND: Final = 301
_LEAST_REDIRECT, _LEAST_ERROR, _LEAST_NONE = 300, 400, 600
_MOST_RULES: Final = 50


def check_configuration(website: api.WebsiteConfiguration) -> None:
    """Refuse a website configuration that contradicts itself.

    Raises:
        MalformedXml, InvalidArgument, InvalidRequest: it does.
    """
    redirect = website.get("RedirectAllRequestsTo")
    if redirect is not None:
        if any(name in website for name in ("IndexDocument", "ErrorDocument", "RoutingRules")):
            raise InvalidArgument(
                "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.",
                "RedirectAllRequestsTo",
                "not null",
            )
        if "HostName" not in redirect:
            raise MalformedXml
        _check_protocol(redirect.get("Protocol"))
        return
    if "IndexDocument" not in website:
        raise InvalidArgument(
            "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty",
            "IndexDocument",
            "null",
        )
    suffix = website["IndexDocument"].get("Suffix", "")
    if not suffix or "/" in suffix:
        raise InvalidArgument("The IndexDocument Suffix is not well formed", "IndexDocument", suffix)
    if "ErrorDocument" in website and not website["ErrorDocument"].get("Key"):
        raise MalformedXml
    rules = website.get("RoutingRules", ())
    if len(rules) > _MOST_RULES:
        raise InvalidRequest(
            f"{len(rules)} routing rules provided, the number of routing rules in a website configuration is limited "
            f"to {_MOST_RULES}."
        )
    for rule in rules:
        _check_rule(rule)


def _check_rule(rule: api.RoutingRule) -> None:
    redirect = rule.get("Redirect")
    if not redirect:
        raise MalformedXml
    if "Condition" in rule and not rule["Condition"]:
        raise InvalidRequest(
            "Condition cannot be empty. To redirect all requests without a condition, the condition element "
            "shouldn't be present."
        )
    if "ReplaceKeyPrefixWith" in redirect and "ReplaceKeyWith" in redirect:
        raise InvalidRequest("You can only define ReplaceKeyPrefix or ReplaceKey but not both.")
    code = redirect.get("HttpRedirectCode")
    if code is not None and not (code.isdecimal() and _LEAST_REDIRECT <= int(code) < _LEAST_ERROR):
        raise InvalidRequest(f"The provided HTTP redirect code ({code}) is not valid. Valid codes are 3XX except 300.")
    wanted = rule.get("Condition", {}).get("HttpErrorCodeReturnedEquals")
    if wanted is not None and not (wanted.isdecimal() and _LEAST_ERROR <= int(wanted) < _LEAST_NONE):
        raise InvalidRequest(f"The provided HTTP error code ({wanted}) is not valid. Valid codes are 4XX or 5XX.")
    _check_protocol(redirect.get("Protocol"))


def _check_protocol(protocol: str | None) -> None:
    if protocol is not None and protocol not in _PROTOCOLS:
        raise InvalidRequest(
            "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected "
            "automatically."
        )


@dataclass(frozen=True, slots=True)
class Redirection:
    """Where a browser is sent.

    Attributes:
        location: a whole URL, or a path on the same host.
    """

    status: int
    location: str


def redirect_all(website: api.WebsiteConfiguration, key: str, scheme: str) -> Redirection | None:
    """Where every request goes, for a website that is only a signpost."""
    target = website.get("RedirectAllRequestsTo")
    if target is None:
        return None
    return Redirection(_FOUND, f"{target.get('Protocol', scheme)}://{target['HostName']}/{_quoted(key)}")


def index_key(website: api.WebsiteConfiguration, key: str) -> str:
    """The key of a path: a folder's is its index document."""
    return key + website["IndexDocument"]["Suffix"] if not key or key.endswith("/") else key


def route(
    website: api.WebsiteConfiguration, key: str, error: int | None, *, scheme: str, host: str
) -> Redirection | None:
    """Where the first routing rule that fits leads.

    `error`: the status that the key would be answered with; None before that is known.
    """
    for rule in website.get("RoutingRules", ()):
        condition = rule.get("Condition", {})
        prefix = condition.get("KeyPrefixEquals")
        wanted = condition.get("HttpErrorCodeReturnedEquals")
        if (wanted is not None) != (error is not None) or (wanted is not None and wanted != str(error)):
            continue
        if prefix is not None and not key.startswith(prefix):
            continue
        return _redirection(rule["Redirect"], key, prefix or "", scheme=scheme, host=host)
    return None


def _redirection(redirect: api.Redirect, key: str, prefix: str, *, scheme: str, host: str) -> Redirection:
    if "ReplaceKeyWith" in redirect:
        key = redirect["ReplaceKeyWith"]
    elif "ReplaceKeyPrefixWith" in redirect:
        key = redirect["ReplaceKeyPrefixWith"] + key[len(prefix) :]
    status = int(redirect.get("HttpRedirectCode", str(_FOUND)))
    where = f"{redirect.get('Protocol', scheme)}://{redirect.get('HostName', host)}"
    return Redirection(status, f"{where}/{_quoted(key)}")


def _quoted(key: str) -> str:
    from urllib.parse import quote

    return quote(key, safe="/~!$&'()*+,;=:@")
