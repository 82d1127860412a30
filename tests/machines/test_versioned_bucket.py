"""A bucket whose versioning comes and goes, against a dictionary, with restarts."""

import tempfile
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.aws_server import AwsServer

KEYS = st.sampled_from(["a", "a/b", "a/b/c", "é", "z//"])
# Small ones are rows and large ones are files.
BODIES = st.integers(0, 5).map(lambda number: f"{number}".encode() * (1 if number % 2 else 70_000))
BUCKET = "machine"


class VersionedBucket(RuleBasedStateMachine):
    """The model: of each key its versions, the newest last; None for a delete marker."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.server = AwsServer(Path(self.directory.name)).start()
        self.s3: Any = self.server.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        self.versioning = ""
        self.model: dict[str, list[tuple[str, bytes | None]]] = {}

    def teardown(self) -> None:
        self.server.stop()
        self.directory.cleanup()

    def add(self, key: str, answer: dict[str, Any], body: bytes | None) -> None:
        identifier = answer.get("VersionId", "null")
        versions = self.model.setdefault(key, [])
        if identifier == "null":
            versions[:] = [version for version in versions if version[0] != "null"]
        versions.append((identifier, body))

    @rule(status=st.sampled_from(["Enabled", "Suspended"]))
    def set_versioning(self, status: str) -> None:
        self.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": status})
        self.versioning = status

    @rule(key=KEYS, body=BODIES)
    def put(self, key: str, body: bytes) -> None:
        self.add(key, self.s3.put_object(Bucket=BUCKET, Key=key, Body=body), body)

    @rule(key=KEYS, body=BODIES)
    def put_in_parts(self, key: str, body: bytes) -> None:
        upload = self.s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
        part = self.s3.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=1, Body=body)
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        done = self.s3.complete_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload, MultipartUpload=parts)
        self.add(key, done, body)

    @precondition(lambda self: any(self.current(key) is not None for key in self.model))
    @rule(data=st.data(), key=KEYS)
    def copy(self, data: st.DataObject, key: str) -> None:
        source = data.draw(st.sampled_from([key for key in sorted(self.model) if self.current(key) is not None]))
        body = self.current(source)
        answer = self.s3.copy_object(
            Bucket=BUCKET, Key=key, CopySource={"Bucket": BUCKET, "Key": source}, MetadataDirective="REPLACE"
        )
        self.add(key, answer, body)

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        answer = self.s3.delete_object(Bucket=BUCKET, Key=key)
        if self.versioning:
            assert answer["DeleteMarker"]
            self.add(key, answer, None)
        else:
            self.model.pop(key, None)

    @precondition(lambda self: any(self.model.values()))
    @rule(data=st.data())
    def delete_a_version(self, data: st.DataObject) -> None:
        known = [(key, identifier) for key, versions in sorted(self.model.items()) for identifier, _ in versions]
        key, identifier = data.draw(st.sampled_from(known))
        self.s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key, "VersionId": identifier}]})
        self.model[key] = [version for version in self.model[key] if version[0] != identifier]

    @rule()
    def restart(self) -> None:
        self.server.restart()
        self.s3 = self.server.client("s3")
        self.server.run_jobs()

    def current(self, key: str) -> bytes | None:
        versions = self.model.get(key)
        return versions[-1][1] if versions else None

    @invariant()
    def newest_versions_are_what_is_read_and_listed(self) -> None:
        there = {key: body for key in self.model if (body := self.current(key)) is not None}
        listed = self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        assert [entry["Key"] for entry in listed] == sorted(there, key=str.encode)
        assert {entry["Key"]: entry["Size"] for entry in listed} == {key: len(body) for key, body in there.items()}
        for key in self.model:
            assert self.read(key) == there.get(key)

    @invariant()
    def all_versions_are_listed_and_can_be_read(self) -> None:
        page = self.s3.list_object_versions(Bucket=BUCKET)
        entries = [(v["Key"], v["VersionId"], v["IsLatest"], False) for v in page.get("Versions", [])]
        entries += [(m["Key"], m["VersionId"], m["IsLatest"], True) for m in page.get("DeleteMarkers", [])]
        wanted = [
            (key, identifier, place == len(versions) - 1, body is None)
            for key, versions in self.model.items()
            for place, (identifier, body) in enumerate(versions)
        ]
        assert sorted(entries) == sorted(wanted)
        for key, versions in self.model.items():
            for identifier, body in versions:
                if body is not None:
                    got = self.s3.get_object(Bucket=BUCKET, Key=key, VersionId=identifier)
                    assert got["Body"].read() == body

    def read(self, key: str) -> bytes | None:
        try:
            content: bytes = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        except ClientError as error:
            return None if error.response["Error"]["Code"] == "NoSuchKey" else str(error).encode()
        return content


TestVersionedBucket = VersionedBucket.TestCase
TestVersionedBucket.settings = settings(
    max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)
