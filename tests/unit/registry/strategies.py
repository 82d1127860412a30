"""Names, digests and documents for property tests of the registry."""

import json

from hypothesis import strategies as st

from homeport.registry.model.digest import Digest, digest_of

COMPONENT = st.from_regex(r"[a-z0-9]{1,6}(?:(?:\.|__?|-{1,3})[a-z0-9]{1,6}){0,2}", fullmatch=True)
REPOSITORIES = st.lists(COMPONENT, min_size=1, max_size=4).map("/".join)
TAGS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True)
ALGORITHMS = st.sampled_from(["sha256", "sha512"])


def digest_for(content: bytes, name: str) -> Digest:
    return digest_of(content, "sha256" if name == "sha256" else "sha512")


DIGESTS = st.builds(digest_for, st.binary(max_size=8), ALGORITHMS)

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=20,
)


def to_json(value: object) -> bytes:
    return json.dumps(value).encode()
