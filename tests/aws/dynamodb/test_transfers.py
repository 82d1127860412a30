"""Exports to buckets and imports from them."""

import gzip
import json
import random
import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.aws.dynamodb.forms import index, item, make_table, plain_item, refusal, refused
from tests.aws_server import AwsServer

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def bucket(aws: AwsServer) -> Any:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="transfers")
    return s3


def keys(s3: Any, prefix: str = "") -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket="transfers", Prefix=prefix).get("Contents", ())]


def read(s3: Any, key: str) -> bytes:
    content: bytes = s3.get_object(Bucket="transfers", Key=key)["Body"].read()
    return content


def exported(s3: Any, manifest: str) -> list[dict[str, Any]]:
    summary = json.loads(read(s3, manifest))
    files = [json.loads(line) for line in read(s3, summary["manifestFilesS3Key"]).splitlines()]
    lines = [line for file in files for line in gzip.decompress(read(s3, file["dataFileS3Key"])).splitlines()]
    assert summary["itemCount"] == len(lines) == sum(file["itemCount"] for file in files)
    return [json.loads(line) for line in lines]


@pytest.fixture
def table(dynamodb: Any) -> str:
    arn = make_table(dynamodb)
    on = {"PointInTimeRecoveryEnabled": True}
    dynamodb.update_continuous_backups(TableName="table", PointInTimeRecoverySpecification=on)
    return arn


def test_an_export_holds_the_table_as_it_was(aws: AwsServer, dynamodb: Any, bucket: Any, table: str) -> None:
    """DynamoDB developer guide, "DynamoDB table export output format"."""
    dynamodb.put_item(TableName="table", Item=item(pk="a", v=1))
    dynamodb.put_item(TableName="table", Item=item(pk="b"))
    aws.advance(seconds=10)
    aws.advance(seconds=10)
    dynamodb.put_item(TableName="table", Item=item(pk="a", v=2))
    dynamodb.put_item(TableName="table", Item=item(pk="c"))

    made = dynamodb.export_table_to_point_in_time(
        TableArn=table, S3Bucket="transfers", S3Prefix="out", ExportTime=START + timedelta(seconds=10)
    )["ExportDescription"]
    assert made["ExportStatus"] == "IN_PROGRESS"
    aws.run_jobs()

    done = dynamodb.describe_export(ExportArn=made["ExportArn"])["ExportDescription"]
    assert (done["ExportStatus"], done["ItemCount"]) == ("COMPLETED", 2)
    assert done["ExportManifest"].startswith("out/AWSDynamoDB/")
    found = [plain_item(line["Item"]) for line in exported(bucket, done["ExportManifest"])]
    assert sorted(found, key=lambda each: str(each["pk"])) == [{"pk": "a", "v": 1}, {"pk": "b"}]
    assert dynamodb.list_exports(TableArn=table)["ExportSummaries"][0]["ExportStatus"] == "COMPLETED"


def test_an_incremental_export_holds_what_changed(aws: AwsServer, dynamodb: Any, bucket: Any, table: str) -> None:
    dynamodb.put_item(TableName="table", Item=item(pk="kept"))
    dynamodb.put_item(TableName="table", Item=item(pk="a", v=1))
    aws.advance(seconds=10)
    dynamodb.put_item(TableName="table", Item=item(pk="a", v=2))
    dynamodb.put_item(TableName="table", Item=item(pk="a", v=3))
    made = dynamodb.export_table_to_point_in_time(
        TableArn=table,
        S3Bucket="transfers",
        ExportType="INCREMENTAL_EXPORT",
        IncrementalExportSpecification={
            "ExportFromTime": START + timedelta(seconds=5),
            "ExportToTime": START + timedelta(seconds=10),
        },
    )["ExportDescription"]
    aws.run_jobs()

    done = dynamodb.describe_export(ExportArn=made["ExportArn"])["ExportDescription"]

    (line,) = exported(bucket, done["ExportManifest"])
    assert (line["Keys"], line["OldImage"], line["NewImage"]) == (item(pk="a"), item(pk="a", v=1), item(pk="a", v=3))


def test_an_export_into_no_bucket_fails(aws: AwsServer, dynamodb: Any, table: str) -> None:
    made = dynamodb.export_table_to_point_in_time(TableArn=table, S3Bucket="nowhere-at-all")["ExportDescription"]
    aws.run_jobs()

    done = dynamodb.describe_export(ExportArn=made["ExportArn"])["ExportDescription"]
    assert (done["ExportStatus"], done["FailureCode"]) == ("FAILED", "NoSuchBucket")


def test_an_export_needs_point_in_time_recovery(dynamodb: Any) -> None:
    arn = make_table(dynamodb)

    code, _ = refusal(dynamodb.export_table_to_point_in_time, TableArn=arn, S3Bucket="transfers")
    assert code == "PointInTimeRecoveryUnavailableException"


CREATION: dict[str, Any] = {
    "TableName": "imported",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "N"},
        {"AttributeName": "g", "AttributeType": "S"},
    ],
    "BillingMode": "PAY_PER_REQUEST",
    "GlobalSecondaryIndexes": [index("by-g", "g")],
}


def test_lines_of_dynamodb_json_become_a_table(aws: AwsServer, dynamodb: Any, bucket: Any) -> None:
    """DynamoDB developer guide, "DynamoDB data import from Amazon S3"."""
    lines = [json.dumps({"Item": item(pk=number, g="x")}) for number in range(450)]
    lines += ["no json", json.dumps({"Item": item(pk="no number")})]
    bucket.put_object(Bucket="transfers", Key="in/data.json.gz", Body=gzip.compress("\n".join(lines).encode()))

    made = dynamodb.import_table(
        S3BucketSource={"S3Bucket": "transfers", "S3KeyPrefix": "in/"},
        InputFormat="DYNAMODB_JSON",
        InputCompressionType="GZIP",
        TableCreationParameters=CREATION,
    )["ImportTableDescription"]
    assert made["ImportStatus"] == "IN_PROGRESS"
    assert dynamodb.describe_table(TableName="imported")["Table"]["TableStatus"] == "CREATING"
    aws.restart()
    aws.run_jobs()

    done = dynamodb.describe_import(ImportArn=made["ImportArn"])["ImportTableDescription"]
    assert (done["ImportStatus"], done["ImportedItemCount"], done["ErrorCount"]) == ("COMPLETED", 450, 2)
    assert dynamodb.describe_table(TableName="imported")["Table"]["TableStatus"] == "ACTIVE"
    assert dynamodb.scan(TableName="imported", IndexName="by-g", Select="COUNT")["Count"] == 450
    assert dynamodb.list_imports()["ImportSummaryList"][0]["ImportArn"] == made["ImportArn"]


def test_columns_become_attributes(aws: AwsServer, dynamodb: Any, bucket: Any) -> None:
    bucket.put_object(Bucket="transfers", Key="in.csv", Body=b"pk;name;g\n1;One;x\n2;;\n")

    dynamodb.import_table(
        S3BucketSource={"S3Bucket": "transfers", "S3KeyPrefix": "in.csv"},
        InputFormat="CSV",
        InputFormatOptions={"Csv": {"Delimiter": ";"}},
        TableCreationParameters=CREATION,
    )
    aws.run_jobs()

    found = sorted((plain_item(each) for each in dynamodb.scan(TableName="imported")["Items"]), key=lambda x: x["pk"])
    assert found == [{"pk": 1, "name": "One", "g": "x"}, {"pk": 2}]


def test_an_import_of_a_damaged_file_fails_and_ends(aws: AwsServer, dynamodb: Any, bucket: Any) -> None:
    whole = gzip.compress("\n".join(json.dumps({"Item": item(pk=n, g=str(n * 7919))}) for n in range(5000)).encode())
    damaged = whole[: len(whole) // 2] + b"\xff" * 64 + whole[len(whole) // 2 + 64 :]
    bucket.put_object(Bucket="transfers", Key="damaged.gz", Body=damaged)

    made = dynamodb.import_table(
        S3BucketSource={"S3Bucket": "transfers", "S3KeyPrefix": "damaged"},
        InputFormat="DYNAMODB_JSON",
        InputCompressionType="GZIP",
        TableCreationParameters=CREATION,
    )["ImportTableDescription"]
    aws.run_jobs()

    done = dynamodb.describe_import(ImportArn=made["ImportArn"])["ImportTableDescription"]
    assert (done["ImportStatus"], done["FailureCode"]) == ("FAILED", "InputFormatError")
    assert dynamodb.describe_table(TableName="imported")["Table"]["TableStatus"] == "ACTIVE"


def test_a_line_that_never_ends_is_one_error_and_no_burden(aws: AwsServer, dynamodb: Any, bucket: Any) -> None:
    endless = gzip.compress(b"x" * 20_000_000 + b"\n" + json.dumps({"Item": item(pk=1)}).encode())
    bucket.put_object(Bucket="transfers", Key="endless.gz", Body=endless)

    dynamodb.import_table(
        S3BucketSource={"S3Bucket": "transfers", "S3KeyPrefix": "endless"},
        InputFormat="DYNAMODB_JSON",
        InputCompressionType="GZIP",
        TableCreationParameters=CREATION,
    )
    aws.run_jobs()

    assert [plain_item(each) for each in dynamodb.scan(TableName="imported")["Items"]] == [{"pk": 1}]


def test_a_large_export_is_written_in_several_files(aws: AwsServer, dynamodb: Any, bucket: Any, table: str) -> None:
    for number in range(50):
        dynamodb.put_item(TableName="table", Item=item(pk=str(number), text="x" * 390_000))
    aws.advance(seconds=1)
    made = dynamodb.export_table_to_point_in_time(TableArn=table, S3Bucket="transfers")["ExportDescription"]
    aws.run_jobs()

    done = dynamodb.describe_export(ExportArn=made["ExportArn"])["ExportDescription"]
    assert (done["ExportStatus"], done["ItemCount"]) == ("COMPLETED", 50)
    assert len({line["Item"]["pk"]["S"] for line in exported(bucket, done["ExportManifest"])}) == 50
    files = [each["Key"] for each in bucket.list_objects_v2(Bucket="transfers")["Contents"] if "/data/" in each["Key"]]
    assert len(files) == 2


def test_an_export_is_encrypted_as_it_was_asked_for(aws: AwsServer, dynamodb: Any, bucket: Any, table: str) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    made = dynamodb.export_table_to_point_in_time(
        TableArn=table, S3Bucket="transfers", S3SseAlgorithm="KMS", S3SseKmsKeyId=key
    )["ExportDescription"]
    aws.run_jobs()

    done = dynamodb.describe_export(ExportArn=made["ExportArn"])["ExportDescription"]
    assert (done["S3SseAlgorithm"], done["S3SseKmsKeyId"]) == ("KMS", key)
    assert json.loads(read(bucket, done["ExportManifest"]))["s3SseKmsKeyId"] == key
    for each in keys(bucket):
        head = bucket.head_object(Bucket="transfers", Key=each)
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


def test_a_transfer_keeps_away_from_another_owners_bucket(
    aws: AwsServer, dynamodb: Any, bucket: Any, table: str
) -> None:
    bucket.put_object(Bucket="transfers", Key="rows.json", Body=b'{"Item":{"pk":{"N":"1"}}}')
    stranger = "222222222222"
    out = dynamodb.export_table_to_point_in_time(TableArn=table, S3Bucket="transfers", S3BucketOwner=stranger)
    into = dynamodb.import_table(
        S3BucketSource={"S3Bucket": "transfers", "S3BucketOwner": stranger},
        InputFormat="DYNAMODB_JSON",
        TableCreationParameters=CREATION,
    )
    aws.run_jobs()

    exported_ = dynamodb.describe_export(ExportArn=out["ExportDescription"]["ExportArn"])["ExportDescription"]
    assert (exported_["ExportStatus"], exported_["FailureCode"]) == ("FAILED", "AccessDenied")
    imported = dynamodb.describe_import(ImportArn=into["ImportTableDescription"]["ImportArn"])
    assert imported["ImportTableDescription"]["FailureCode"] == "AccessDenied"
    assert keys(bucket) == ["rows.json"]


@pytest.mark.parametrize("packed", [{"InputFormat": "ION"}, {"InputFormat": "CSV", "InputCompressionType": "ZSTD"}])
def test_a_format_that_cannot_be_read_is_refused_before_a_table_is_made(
    dynamodb: Any, bucket: Any, packed: dict[str, str]
) -> None:
    source = {"S3BucketSource": {"S3Bucket": "transfers"}, "TableCreationParameters": CREATION}

    answer = refused(dynamodb.import_table, **source, **packed)

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert answer["Error"]["Message"] == (
        f"Homeport does not implement the operation ImportTable of {'ION' if 'ION' in packed.values() else 'ZSTD'} "
        "of DynamoDB."
    )
    assert dynamodb.list_tables()["TableNames"] == []
    assert dynamodb.list_imports()["ImportSummaryList"] == []


def test_an_export_of_any_moment_is_the_table_of_that_moment(
    aws: AwsServer, dynamodb: Any, bucket: Any, table: str
) -> None:
    chance = random.Random(1)
    present: dict[str, int] = {}
    history: list[dict[str, int]] = []
    for moment in range(6):
        aws.advance(seconds=10)
        for number in range(25):
            key = str(chance.randrange(40))
            if chance.random() < 0.4:
                dynamodb.delete_item(TableName="table", Key=item(pk=key))
                present.pop(key, None)
            else:
                present[key] = 100 * moment + number
                dynamodb.put_item(TableName="table", Item=item(pk=key, v=present[key]))
        history.append(dict(present))

    def export(**options: Any) -> list[dict[str, Any]]:
        made = dynamodb.export_table_to_point_in_time(TableArn=table, S3Bucket="transfers", **options)
        aws.run_jobs()
        done = dynamodb.describe_export(ExportArn=made["ExportDescription"]["ExportArn"])["ExportDescription"]
        return exported(bucket, done["ExportManifest"])

    def at(moment: int) -> datetime:
        return START + timedelta(seconds=10 * (moment + 1))

    for moment, expected in enumerate(history):
        found = [plain_item(line["Item"]) for line in export(ExportTime=at(moment))]
        assert {str(each["pk"]): each["v"] for each in found} == expected
        assert len(found) == len(expected)
    window = {"ExportFromTime": at(1), "ExportToTime": at(3)}
    changes = export(ExportType="INCREMENTAL_EXPORT", IncrementalExportSpecification=window)
    told = {line["Keys"]["pk"]["S"] for line in changes}
    assert {key for key in history[1].keys() | history[3] if history[1].get(key) != history[3].get(key)} <= told
    for line in changes:
        key = line["Keys"]["pk"]["S"]
        images = [plain_item(line[name])["v"] if name in line else None for name in ("OldImage", "NewImage")]
        assert images == [history[1].get(key), history[3].get(key)]


def test_an_export_holds_no_more_than_a_file_however_much_has_changed(
    aws: AwsServer, dynamodb: Any, bucket: Any, table: str
) -> None:
    batches = 6
    for content in ("a", "b"):
        aws.advance(seconds=10)
        for number in range(batches):
            puts = [
                {"PutRequest": {"Item": item(pk=str(25 * number + each), v=content * 390_000)}} for each in range(25)
            ]
            dynamodb.batch_write_item(RequestItems={"table": puts})
    made = dynamodb.export_table_to_point_in_time(
        TableArn=table, S3Bucket="transfers", ExportTime=START + timedelta(seconds=10)
    )["ExportDescription"]

    tracemalloc.start()
    try:
        aws.run_jobs()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    done = dynamodb.describe_export(ExportArn=made["ExportArn"])["ExportDescription"]
    assert (done["ExportStatus"], done["ItemCount"]) == ("COMPLETED", 25 * batches)
    assert done["BilledSizeBytes"] > 58_000_000
    assert peak < 45_000_000
