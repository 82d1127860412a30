"""Wildcards against regular expressions, and against patterns that those choke on."""

import re
import time

from hypothesis import given
from hypothesis import strategies as st

from homeport.aws.wildcards import compile_pattern, like, matches

TEXTS = st.text("ab*?%", max_size=12)


@given(TEXTS, TEXTS)
def test_it_matches_what_a_regular_expression_matches(pattern: str, text: str) -> None:
    expression = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)

    assert like(text, pattern) == (re.fullmatch(expression, text, re.DOTALL) is not None)


def test_an_escaped_wildcard_is_itself() -> None:
    pattern = compile_pattern("100!%_%", "%", "_", "!")

    assert matches(pattern, "100%x and more")
    assert not matches(pattern, "1000 and more")


def test_no_pattern_takes_for_ever() -> None:
    began = time.process_time()

    assert not like("a" * 1024, "*a" * 200 + "b")
    assert time.process_time() - began < 5
