"""PartiQL over the wire: statements, batches, transactions."""

import json
from base64 import b64decode, b64encode
from typing import Any

import pytest
from tests.aws.dynamodb.forms import index, item, make_table, plain_item, refusal, refused


@pytest.fixture
def table(dynamodb: Any) -> str:
    make_table(
        dynamodb,
        sort="N",
        attributes={"g": "S", "l": "S"},
        LocalSecondaryIndexes=[index("local", "pk", "l", projection="KEYS_ONLY")],
        GlobalSecondaryIndexes=[index("by-g", "g", projection="INCLUDE", include=["shown"])],
    )
    for number in range(5):
        kept = item(pk="a", sk=number, g="x", l="l", shown=number, n=150, m={"x": [1, "q"]}, ss={"a", "b"})
        dynamodb.put_item(TableName="table", Item=kept)
    return "table"


def run(dynamodb: Any, statement: str, *parameters: Any, **options: Any) -> list[dict[str, Any]]:
    if parameters:
        options["Parameters"] = list(parameters)
    return [plain_item(each) for each in dynamodb.execute_statement(Statement=statement, **options)["Items"]]


SELECT = 'SELECT sk FROM "table" WHERE '


def sks(dynamodb: Any, where: str, *parameters: Any) -> list[int]:
    return [each["sk"] for each in run(dynamodb, SELECT + where, *parameters)]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("pk = 'a' AND sk >= 3", [3, 4]),
        ("pk = 'a' AND 3 <= sk", [3, 4]),
        ("pk = 'a' AND sk BETWEEN 1 AND 2", [1, 2]),
        ("pk IN ['a', 'b', 'a'] AND sk = 1", [1]),
        ("pk = 'a' AND sk IN (1, 3)", [1, 3]),
        ("pk = 'a' AND NOT sk < 4", [4]),
        ("pk = 'a' AND sk != 0 AND sk <> 1", [2, 3, 4]),
        ("sk = 1 OR sk = 2", [1, 2]),
        ("contains(ss, 'b') AND sk = 4", [4]),
        ("begins_with(pk, 'a') AND sk = 0", [0]),
        ("m.x[1] = 'q' AND sk = 0", [0]),
        ("gone IS MISSING AND n IS NOT MISSING AND sk = 0", [0]),
        ("n IS NUMERIC AND m IS STRUCT AND sk = 0", [0]),
        ("size(ss) = 2 AND n = 1.5e2 AND sk = .0", [0]),
        ("pk = 'zz'", []),
        ("pk = 'a' AND sk = 1 -- a note", [1]),
        ("pk = 'a' /* a note */ AND sk = 1", [1]),
    ],
)
def test_a_where_clause_says_which_items(dynamodb: Any, table: str, where: str, expected: list[int]) -> None:
    assert sorted(sks(dynamodb, where)) == expected


def test_order_by_the_sort_key(dynamodb: Any, table: str) -> None:
    assert sks(dynamodb, "pk = 'a' ORDER BY sk DESC") == [4, 3, 2, 1, 0]
    assert sks(dynamodb, "pk = 'a' ORDER BY sk ASC") == [0, 1, 2, 3, 4]


def test_parts_are_named_by_their_last_name(dynamodb: Any, table: str) -> None:
    assert run(dynamodb, "SELECT pk, m.x[1], gone FROM table WHERE pk = ? AND sk = ?", {"S": "a"}, {"N": "0"}) == [
        {"pk": "a", "x[1]": "q"}
    ]


def test_an_index_can_be_read(dynamodb: Any, table: str) -> None:
    assert run(dynamodb, "SELECT * FROM table.\"by-g\" WHERE g = 'x' AND shown = 3") == [
        {"pk": "a", "sk": 3, "g": "x", "shown": 3}
    ]
    assert run(dynamodb, "SELECT n FROM table.local WHERE pk = 'a' AND l = 'l'")[0] == {"n": 150}


def test_pages_concatenate_to_the_whole(dynamodb: Any, table: str) -> None:
    request: dict[str, Any] = {"Statement": "SELECT sk FROM table WHERE pk IN ['a', 'b']", "Limit": 2}
    found = []
    while True:
        page = dynamodb.execute_statement(**request)
        found += [each["sk"]["N"] for each in page["Items"]]
        if "NextToken" not in page:
            break
        request["NextToken"] = page["NextToken"]

    assert found == ["0", "1", "2", "3", "4"]
    assert refusal(dynamodb.execute_statement, Statement="SELECT * FROM table", NextToken=request["NextToken"]) == (
        "ValidationException",
        "NextToken does not match request",
    )


def test_insert_takes_an_item_once(dynamodb: Any, table: str) -> None:
    statement = "INSERT INTO table VALUE {'pk': 'new', 'sk': ?, 'm': {'deep': [1, ?]}, 'bag': <<1, 2>>, 'no': null}"

    run(dynamodb, statement, {"N": "1"}, {"S": "x"})

    found = dynamodb.get_item(TableName=table, Key=item(pk="new", sk=1))["Item"]
    assert plain_item(found) == {"pk": "new", "sk": 1, "m": {"deep": [1, "x"]}, "bag": {1, 2}, "no": None}
    assert refusal(dynamodb.execute_statement, Statement=statement, Parameters=[{"N": "1"}, {"S": "x"}]) == (
        "DuplicateItemException",
        "Duplicate primary key exists in table",
    )


def on_one(action: str, rest: str = "") -> str:
    """A statement on the item 1 of the partition `a`."""
    return f"{action} WHERE pk = 'a' AND sk = 1 {rest}"


def test_update_changes_one_item_that_is_there(dynamodb: Any, table: str) -> None:
    several = "UPDATE table SET n = n + 1 SET m.x = list_append(m.x, ['new']) REMOVE g"
    assert run(dynamodb, on_one(several, "RETURNING ALL NEW *")) == [
        {"pk": "a", "sk": 1, "l": "l", "shown": 1, "n": 151, "m": {"x": [1, "q", "new"]}, "ss": {"a", "b"}}
    ]
    add, remove = "UPDATE table SET ss = set_add(ss, <<'z'>>)", "UPDATE table SET ss = set_delete(ss, <<'z'>>)"
    assert run(dynamodb, on_one(add, "RETURNING MODIFIED NEW *")) == [{"ss": {"a", "b", "z"}}]
    assert run(dynamodb, on_one(remove, "RETURNING MODIFIED OLD *")) == [{"ss": {"a", "b", "z"}}]
    for statement in (
        "UPDATE table SET n = 1 WHERE pk = 'b' AND sk = 1",
        on_one("UPDATE table SET n = 1", "AND n = 0"),
    ):
        assert refusal(dynamodb.execute_statement, Statement=statement)[0] == "ConditionalCheckFailedException"


def test_delete_takes_one_item_if_its_condition_holds(dynamodb: Any, table: str) -> None:
    assert refusal(dynamodb.execute_statement, Statement=on_one("DELETE FROM table", "AND n = 0"))[0] == (
        "ConditionalCheckFailedException"
    )

    (gone,) = run(dynamodb, on_one("DELETE FROM table", "AND n = 150 RETURNING ALL OLD *"))

    assert gone["sk"] == 1
    assert run(dynamodb, on_one("DELETE FROM table")) == []


ILL_FORMED = "Statement wasn't well formed, can't be processed: "


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("FOO", f"{ILL_FORMED}Expected data manipulation"),
        ("SELECT * FROM table t WHERE pk = 'a'", f"{ILL_FORMED}Unexpected token after expression"),
        ("INSERT INTO table VALUE {'pk': 'a', 'sk': 9} foo", f"{ILL_FORMED}Unexpected token after expression"),
        (
            "SELECT * FROM table; SELECT * FROM table",
            f"{ILL_FORMED}Unexpected token after semicolon. (Only one query is allowed.)",
        ),
        ("SELECT * FROM \"\" WHERE pk = 'a'", "Path component cannot be an empty string"),
        (
            "SELECT * FROM table.\"by-g\".x WHERE pk = 'a'",
            "A path may contain at most 2 components in the FROM clause",
        ),
        ("SELECT * FROM table.nowhere WHERE pk = 'a'", "The table does not have the specified index"),
        ("SELECT * FROM table WHERE EXISTS(ss)", "Unrecognized function: exists at 1:27:6"),
        (
            "SELECT * FROM table WHERE attribute_exists()",
            (
                "Incorrect number of operands for operator or function; operator or function: attribute_exists, "
                "number of operands: 0"
            ),
        ),
        (
            "SELECT * FROM table WHERE n < true",
            "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL",
        ),
        (
            "SELECT n FROM table.\"by-g\" WHERE g = 'x'",
            "One or more parameter values were invalid: Global secondary index by-g does not project [n]",
        ),
        (
            "SELECT pk FROM table.\"by-g\" WHERE g = 'x' AND n = 1",
            (
                "One or more parameter values were invalid: Secondary index by-g does not project one or more filter "
                "attributes: [n]"
            ),
        ),
        (
            "DELETE FROM table WHERE pk = 'a'",
            "Where clause does not contain a mandatory equality on all key attributes",
        ),
        (
            "DELETE FROM table WHERE pk = 'a' AND sk = 1 RETURNING ALL NEW *",
            "Invalid returning clause: RETURNING ALL NEW *. Only RETURNING ALL OLD * is allowed in DELETE statements.",
        ),
        (
            "UPDATE table SET t = set_add(ss, <<'x'>>) WHERE pk = 'a' AND sk = 1",
            "The first argument to SET_ADD must equal the assignment value at 1:22:7",
        ),
        ("UPDATE table SET ss = set_add(ss, <<>>) WHERE pk = 'a' AND sk = 1", "Empty bags are not supported"),
        ("SELECT * FROM table ORDER BY sk", "Must have WHERE clause in the statement when using ORDER BY clause."),
        ("SELECT * FROM table WHERE pk = ?", "Number of parameters in request and statement don't match."),
        ("SELECT m.x[-1] FROM table", "List index is not within the allowable range; index: [-1] at 1:13:1"),
        (
            "SELECT * FROM table WHERE pk = 5",
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        ),
        (
            "EXISTS(SELECT * FROM table WHERE pk = 'a' AND sk = 1 AND n = 1)",
            "EXISTS can only be used in ExecuteTransaction write requests.",
        ),
    ],
)
def test_a_statement_that_cannot_be_is_refused_in_aws_own_words(
    dynamodb: Any, table: str, statement: str, message: str
) -> None:
    assert refusal(dynamodb.execute_statement, Statement=statement) == ("ValidationException", message)


def test_a_statement_may_end_in_a_semicolon(dynamodb: Any, table: str) -> None:
    assert run(dynamodb, on_one("SELECT n FROM table", ";")) == [{"n": 150}]


def test_each_statement_of_a_batch_succeeds_or_fails_for_itself(dynamodb: Any, table: str) -> None:
    def answers(*statements: str) -> Any:
        return dynamodb.batch_execute_statement(Statements=[{"Statement": each} for each in statements])["Responses"]

    read = answers(
        "SELECT n FROM table WHERE pk = 'a' AND sk = 1",
        "SELECT n FROM table WHERE pk = 'a'",
        "SELECT n FROM nowhere WHERE pk = 'a'",
        "SELECT",
    )
    written = answers(
        "INSERT INTO table VALUE {'pk': 'a', 'sk': 1}",
        "UPDATE table SET n = 7 WHERE pk = 'a' AND sk = 1 RETURNING MODIFIED NEW *",
    )

    assert [each.get("Error", {}).get("Code") for each in read[2:]] == ["ResourceNotFound", "ValidationError"]
    assert read[:2] + written == [
        {"TableName": "table", "Item": item(n=150)},
        {
            "TableName": "table",
            "Error": {
                "Code": "ValidationError",
                "Message": "Select statements within BatchExecuteStatement must specify the primary key in the where "
                "clause.",
            },
        },
        {
            "TableName": "table",
            "Error": {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"},
        },
        {"TableName": "table", "Item": item(n=7)},
    ]


def test_a_batch_reads_or_writes(dynamodb: Any, table: str) -> None:
    """DynamoDB API reference, BatchExecuteStatement: "you cannot mix both in one batch"."""
    statements = [on_one("DELETE FROM table"), on_one("SELECT * FROM table")]

    answer = refusal(dynamodb.batch_execute_statement, Statements=[{"Statement": each} for each in statements])

    assert answer == ("ValidationException", "BatchExecuteStatement cannot contain both read and write statements.")
    assert "Item" in dynamodb.get_item(TableName=table, Key=item(pk="a", sk=1))


def test_a_transaction_of_statements_is_done_or_not(dynamodb: Any, table: str) -> None:
    insert = {"Statement": "INSERT INTO table VALUE {'pk': 'new', 'sk': 1}"}
    exists = {"Statement": "EXISTS(SELECT * FROM table WHERE pk = 'a' AND sk = 1 AND n = ?)"}

    answer = refused(dynamodb.execute_transaction, TransactStatements=[insert, {**exists, "Parameters": [{"N": "0"}]}])
    assert [reason["Code"] for reason in answer["CancellationReasons"]] == ["None", "ConditionalCheckFailed"]
    assert "Item" not in dynamodb.get_item(TableName=table, Key=item(pk="new", sk=1))

    dynamodb.execute_transaction(TransactStatements=[insert, {**exists, "Parameters": [{"N": "150"}]}])
    read = {"Statement": "SELECT * FROM table WHERE pk = 'new' AND sk = 1"}
    assert dynamodb.execute_transaction(TransactStatements=[read])["Responses"] == [{"Item": item(pk="new", sk=1)}]
    again = refused(dynamodb.execute_transaction, TransactStatements=[insert])
    assert again["CancellationReasons"] == [
        {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"}
    ]


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (
            "UPDATE table SET n = 1 WHERE pk = 'a' AND sk = 1 RETURNING ALL NEW *",
            "RETURNING clause is not supported in ExecuteTransaction.",
        ),
        ("SELECT * FROM table.\"by-g\" WHERE g = 'x'", "Reads on indices are not supported within transactions."),
        (
            "SELECT * FROM table WHERE pk = 'a'",
            "Select statements within ExecuteTransaction must specify the primary key in the where clause.",
        ),
        (
            "EXISTS(SELECT * FROM table WHERE pk = 'a' AND sk = 1)",
            "EXISTS() must contain a single item read with additional condition",
        ),
    ],
)
def test_a_transaction_tells_which_statement_is_wrong(dynamodb: Any, table: str, statement: str, problem: str) -> None:
    assert refusal(dynamodb.execute_transaction, TransactStatements=[{"Statement": statement}]) == (
        "ValidationException",
        f"Validation failed in TransactStatements[0]: {problem}",
    )


@pytest.mark.parametrize("forged", ["x", 5, {"pk": 5}, {"pk": {"S": 5}}, [], "!!"])
def test_a_token_that_nobody_gave_out_is_refused(dynamodb: Any, table: str, forged: Any) -> None:
    statement = 'SELECT * FROM "table"'
    given = json.loads(b64decode(dynamodb.execute_statement(Statement=statement, Limit=1)["NextToken"]))
    token = b64encode(json.dumps([given[0], forged, given[2]]).encode()).decode()

    answer = refusal(dynamodb.execute_statement, Statement=statement, Limit=1, NextToken=token)
    assert answer == ("ValidationException", "Invalid NextToken")


def test_a_whole_index_is_read_by_what_it_does_not_show_and_nothing_is_found(dynamodb: Any, table: str) -> None:
    assert run(dynamodb, 'SELECT pk FROM table."by-g" WHERE n = 150') == []
