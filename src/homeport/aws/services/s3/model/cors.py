"""Cross-origin rules of a bucket: their form, and which of them lets a page in."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from homeport.aws.api import s3 as api
from homeport.aws.services.s3.errors import InvalidRequest, MalformedXml

_METHODS: Final = frozenset({"GET", "PUT", "POST", "DELETE", "HEAD"})
_MOST_RULES = 100


def check_rules(configuration: api.CORSConfiguration) -> None:
    """Refuse rules that break S3's form.

    Raises:
        MalformedXml, InvalidRequest: they do.
    """
    rules = configuration.get("CORSRules", [])
    if not 1 <= len(rules) <= _MOST_RULES:
        raise MalformedXml
    for rule in rules:
        if not rule.get("AllowedMethods") or not rule.get("AllowedOrigins"):
            raise MalformedXml
        for method in rule["AllowedMethods"]:
            if method not in _METHODS:
                raise InvalidRequest(f"Found unsupported HTTP method in CORS config. Unsupported method is {method}")
        _check_wildcards(rule)


def _check_wildcards(rule: api.CORSRule) -> None:
    for kind, texts in (("Origin", rule["AllowedOrigins"]), ("Header", rule.get("AllowedHeaders", ()))):
        for text in texts:
            if text.count("*") > 1:
                raise InvalidRequest(f'Allowed{kind} "{text}" can not have more than one wildcard.')
    for header in rule.get("ExposeHeaders", ()):
        if "*" in header:
            raise InvalidRequest(
                f'ExposeHeader "{header}" contains wildcard. We currently do not support wildcard for ExposeHeader.'
            )


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, text.split("*"))), re.IGNORECASE)


def _fits(patterns: Sequence[str], text: str) -> bool:
    return any(_pattern(pattern).fullmatch(text) is not None for pattern in patterns)


def find_rule(
    configuration: api.CORSConfiguration, origin: str, method: str, headers: Sequence[str] = ()
) -> api.CORSRule | None:
    """The first rule that lets a page of this origin send this method with these headers."""
    for rule in configuration["CORSRules"]:
        if method not in rule["AllowedMethods"] or not _fits(rule["AllowedOrigins"], origin):
            continue
        if all(_fits(rule.get("AllowedHeaders", ()), header) for header in headers):
            return rule
    return None


def answer_headers(rule: api.CORSRule, origin: str, asked: Sequence[str] = ()) -> list[tuple[str, str]]:
    """The headers that tell a browser what the rule allows."""
    everybody = "*" in rule["AllowedOrigins"]
    headers = [
        ("Access-Control-Allow-Origin", "*" if everybody else origin),
        ("Access-Control-Allow-Methods", ", ".join(rule["AllowedMethods"])),
    ]
    if asked:
        headers.append(("Access-Control-Allow-Headers", ", ".join(header.lower() for header in asked)))
    if rule.get("ExposeHeaders"):
        headers.append(("Access-Control-Expose-Headers", ", ".join(rule["ExposeHeaders"])))
    if "MaxAgeSeconds" in rule:
        headers.append(("Access-Control-Max-Age", str(rule["MaxAgeSeconds"])))
    if not everybody:
        headers.append(("Access-Control-Allow-Credentials", "true"))
    headers.append(("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"))
    return headers
