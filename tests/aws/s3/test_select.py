"""Queries over one object (S3 user guide, "Querying data in place with Amazon S3 Select")."""

import bz2
import gzip
import json
from typing import Any

import pytest
from tests.s3_wire import code

PEOPLE = 'name,age,city\nAnn,34,Paris\nBob,27,Rome\n"Cy, Jr",51,Paris\nDee,,Oslo\n'
LINES = "\n".join(
    json.dumps(row)
    for row in (
        {"id": 1, "tags": ["a", "b"], "who": {"name": "Ann"}},
        {"id": 2, "tags": [], "who": {"name": "Bob"}, "extra": None},
        {"id": 3.5, "who": {}},
    )
)
USE = {"CSV": {"FileHeaderInfo": "USE"}}


def select(s3: Any, bucket: str, key: str, expression: str, source: Any, **target: Any) -> str:
    """All records that a query answers."""
    answer = s3.select_object_content(
        Bucket=bucket,
        Key=key,
        ExpressionType="SQL",
        Expression=expression,
        InputSerialization=source,
        OutputSerialization=target or {"CSV": {}},
    )
    events = list(answer["Payload"])
    assert list(events[-1]) == ["End"]
    return b"".join(event["Records"]["Payload"] for event in events if "Records" in event).decode()


@pytest.fixture
def people(s3: Any, bucket: str) -> str:
    """A bucket with a table."""
    s3.put_object(Bucket=bucket, Key="people.csv", Body=PEOPLE.encode())
    s3.put_object(Bucket=bucket, Key="rows.jsonl", Body=LINES.encode())
    return bucket


QUERIES = [
    ("SELECT * FROM S3Object s WHERE s.city = 'Paris'", 'Ann,34,Paris\n"Cy, Jr",51,Paris\n'),
    (
        "SELECT s.name FROM S3Object s WHERE s.age <> '' AND CAST(s.age AS INT) > 30",
        'Ann\n"Cy, Jr"\n',
    ),
    ("SELECT name, age FROM S3Object LIMIT 1", "Ann,34\n"),
    ("SELECT COUNT(*) FROM S3Object", "4\n"),
    ("SELECT SUM(CAST(s.age AS INT)), MIN(s.age), MAX(s.age) FROM S3Object s WHERE s.age <> ''", "112,27,51\n"),
    ("SELECT AVG(CAST(s.age AS FLOAT)) FROM S3Object s WHERE s.age <> ''", "37.333333333333336\n"),
    ("SELECT UPPER(s.name) FROM S3Object s WHERE s.name LIKE '%n' AND s.city IN ('Paris', 'Rome')", "ANN\n"),
    ("SELECT s._1 FROM S3Object s WHERE s.age BETWEEN 20 AND 30", "Bob\n"),
    ("SELECT SUBSTRING(s.name, 1, 2) || '!' FROM S3Object s WHERE CHAR_LENGTH(s.city) = 4", "Bo!\nDe!\n"),
    ("SELECT CASE WHEN s.city = 'Oslo' THEN 'north' ELSE 'south' END FROM S3Object s", "south\nsouth\nsouth\nnorth\n"),
    ("SELECT COALESCE(NULLIF(s.age, ''), '?') FROM S3Object s WHERE s.name = 'Dee'", "?\n"),
    ("SELECT CAST(s.age AS INT) * 2 + 1 FROM S3Object s WHERE s.name = 'Ann'", "69\n"),
    ("SELECT EXTRACT(YEAR FROM TO_TIMESTAMP('2020-05-06T')) FROM S3Object LIMIT 1", "2020\n"),
    ("SELECT TRIM(BOTH 'A' FROM s.name) FROM S3Object s WHERE s.name = 'Ann'", "nn\n"),
    ("SELECT s.name FROM S3Object s WHERE s.nothing IS MISSING AND s.name IS NOT NULL LIMIT 1", "Ann\n"),
    ("SELECT s.\"name\" FROM \"S3Object\" s WHERE (s.name = 'Bob' OR s.name = 'it''s')", "Bob\n"),
]


@pytest.mark.parametrize(("expression", "wanted"), QUERIES)
def test_queries_over_csv(s3: Any, people: str, expression: str, wanted: str) -> None:
    assert select(s3, people, "people.csv", expression, USE) == wanted


def test_csv_without_a_header_has_numbered_columns(s3: Any, people: str) -> None:
    source = {"CSV": {"FileHeaderInfo": "IGNORE"}}

    assert select(s3, people, "people.csv", "SELECT _1 FROM S3Object LIMIT 2", source) == "Ann\nBob\n"
    answer = select(s3, people, "people.csv", "SELECT s._2 AS n FROM S3Object s LIMIT 1", source, JSON={})
    assert answer == '{"n":"34"}\n'


def test_csv_with_other_marks(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="odd", Body=b"a;'b;c'|#comment|d;e|")
    source = {"CSV": {"FieldDelimiter": ";", "QuoteCharacter": "'", "RecordDelimiter": "|", "Comments": "#"}}
    target = {"FieldDelimiter": "\t", "RecordDelimiter": "%\n", "QuoteFields": "ALWAYS"}

    assert select(s3, bucket, "odd", "SELECT * FROM S3Object", source, CSV=target) == '"a"\t"b;c"%\n"d"\t"e"%\n'


JSON_QUERIES = [
    ("SELECT s.id FROM S3Object s", '{"id":1}\n{"id":2}\n{"id":3.5}\n'),
    ("SELECT s.who.name AS n FROM S3Object s WHERE s.id < 3", '{"n":"Ann"}\n{"n":"Bob"}\n'),
    ("SELECT s.tags[0] AS t FROM S3Object s WHERE s.id = 1", '{"t":"a"}\n'),
    (
        "SELECT * FROM S3Object s WHERE s.extra IS NULL AND s.extra IS NOT MISSING",
        '{"id":2,"tags":[],"who":{"name":"Bob"},"extra":null}\n',
    ),
    ("SELECT COUNT(s.who.name) FROM S3Object s", '{"_1":2}\n'),
]


@pytest.mark.parametrize(("expression", "wanted"), JSON_QUERIES)
def test_queries_over_lines_of_json(s3: Any, people: str, expression: str, wanted: str) -> None:
    assert select(s3, people, "rows.jsonl", expression, {"JSON": {"Type": "LINES"}}, JSON={}) == wanted


def test_a_document_is_opened_by_a_path(s3: Any, bucket: str) -> None:
    document = {"rows": [{"a": 1}, {"a": 2}], "other": True}
    s3.put_object(Bucket=bucket, Key="d", Body=json.dumps(document).encode())
    source = {"JSON": {"Type": "DOCUMENT"}}

    assert select(s3, bucket, "d", "SELECT s.a FROM S3Object[*].rows[*] s", source, JSON={}) == '{"a":1}\n{"a":2}\n'
    assert select(s3, bucket, "d", "SELECT s.other FROM S3Object s", source, JSON={}) == '{"other":true}\n'


@pytest.mark.parametrize(("compression", "pack"), [("GZIP", gzip.compress), ("BZIP2", bz2.compress)])
def test_compressed_objects_are_opened(s3: Any, bucket: str, compression: str, pack: Any) -> None:
    s3.put_object(Bucket=bucket, Key="z", Body=pack(PEOPLE.encode()))

    source = {**USE, "CompressionType": compression}
    assert select(s3, bucket, "z", "SELECT COUNT(*) FROM S3Object", source) == "4\n"


def test_a_large_object_is_answered_in_pieces(s3: Any, bucket: str) -> None:
    rows = "".join(f"{number},{'x' * 50}\n" for number in range(20_000))
    s3.put_object(Bucket=bucket, Key="large", Body=rows.encode())

    assert select(s3, bucket, "large", "SELECT * FROM S3Object", {"CSV": {}}) == rows


def test_a_scan_range_means_the_records_that_begin_in_it(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"aaaa\nbbbb\ncccc\ndddd\n")
    found = []
    for start, end in ((0, 7), (7, 12), (12, 100)):
        answer = s3.select_object_content(
            Bucket=bucket,
            Key="k",
            ExpressionType="SQL",
            Expression="SELECT * FROM S3Object",
            InputSerialization={"CSV": {}},
            OutputSerialization={"CSV": {}},
            ScanRange={"Start": start, "End": end},
        )
        found.append(b"".join(e["Records"]["Payload"] for e in answer["Payload"] if "Records" in e))

    assert b"".join(found) == b"aaaa\nbbbb\ncccc\ndddd\n"


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("", "ParseUnexpectedToken"),
        ("SELECT", "ParseSelectMissingFrom"),
        ("SELECT * FROM table1", "InvalidTableAlias"),
        ("SELECT * FROM S3Object WHERE", "ParseUnexpectedToken"),
        ("SELECT * FROM S3Object LIMIT x", "ParseUnexpectedToken"),
        ("SELECT ROT13(s.a) FROM S3Object s", "UnsupportedFunction"),
        ("SELECT * FROM S3Object; DROP TABLE x", "LexerInvalidChar"),
        ("SELECT " + "(" * 500 + "1" + ")" * 500 + " FROM S3Object", "ParseUnexpectedToken"),
    ],
)
def test_what_is_no_query_is_refused(s3: Any, people: str, expression: str, wanted: str) -> None:
    refusal = code(
        s3.select_object_content,
        Bucket=people,
        Key="people.csv",
        ExpressionType="SQL",
        Expression=expression,
        InputSerialization=USE,
        OutputSerialization={"CSV": {}},
    )

    assert refusal == (wanted, 400)
