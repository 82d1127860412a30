"""What is remembered of expressions."""

import pytest

from homeport.aws.services.dynamodb.model.expressions.remembering import remembered


def test_short_expressions_are_compiled_once_and_absurd_ones_are_not_kept() -> None:
    asked: list[int] = []

    @remembered
    def compile_(text: str, names: tuple[tuple[str, str], ...]) -> int:
        asked.append(len(text))
        return len(text) + len(names)

    short, long = "SET a = :v", "SET a = :v" * 300
    absurd = (("#a", "x" * 100_000),)
    results = [compile_(text, names) for text, names in [(short, ()), (long, ()), (short, absurd)] for _ in range(2)]

    assert results == [10, 10, 3000, 3000, 11, 11]
    assert asked == [10, 3000, 10, 10]


def test_an_expression_that_is_wrong_is_wrong_again() -> None:
    compile_ = remembered(int)

    for _ in range(2):
        with pytest.raises(ValueError, match="invalid literal"):
            compile_("x")
