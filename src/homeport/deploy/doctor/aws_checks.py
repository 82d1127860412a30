"""Checks of the AWS endpoint as SDKs use it, through everything that lies between."""

import io
import json
import os
import zipfile
from urllib.parse import urlencode

from homeport.deploy.doctor.aws_client import Answer, AwsClient, Keys
from homeport.deploy.doctor.findings import Findings
from homeport.deploy.doctor.scene import Scene

KEY = "a//b c+%2F/../d.txt"
"""A key that a proxy which tidies paths makes another one of."""

_FIRST_ERROR = 400
_BROKEN_PATHS = "the way in rewrites paths: set ingress.mode to tcp"
_FUNCTION = 'def handler(event, context):\n    return {"seen": event}\n'


async def services(scene: Scene, found: Findings) -> None:
    """10: S3 with an awkward key, in both styles and presigned; SQS, SNS to SQS, DynamoDB and a function."""
    if not scene.values.aws.enabled:
        found.skipped("asked the AWS endpoint", "aws.enabled is false")
        return
    keys = Keys(
        scene.environment.get("AWS_ACCESS_KEY_ID", "test"), scene.environment.get("AWS_SECRET_ACCESS_KEY", "test")
    )
    async with scene.session() as session:
        probe = Probe(AwsClient(session, keys), scene, found, f"homeport-doctor-{os.getpid()}")
        await probe.s3()
        await probe.messages()
        await probe.dynamodb()
        await probe.function()


class Probe:
    """One round through the services; what it makes it removes."""

    def __init__(self, client: AwsClient, scene: Scene, found: Findings, name: str) -> None:
        self._client = client
        self._found = found
        self._name = name
        self._url = scene.url(scene.values.aws_host)
        self._bucket_url = scene.url(f"{name}.{scene.values.aws_host}")
        self._cure = f"kubectl -n {scene.values.namespace.name} logs deployment/aws"

    def _judge(self, did: str, answer: Answer, *, holds: bool = True, cure: str = "") -> bool:
        if answer.status < _FIRST_ERROR and holds:
            self._found.ok(did, f"{answer.status}")
            return True
        self._found.failed(did, f"{answer.status} {answer.text}", cure or self._cure)
        return False

    async def s3(self) -> None:
        """Put by host name, list, get by path, get presigned, delete."""
        ask, body = self._client.ask, os.urandom(2048)
        made = await ask("s3", "PUT", self._url, f"/{self._name}")
        if not self._judge("made a bucket", made):
            return
        put = await ask("s3", "PUT", self._bucket_url, f"/{KEY}", body=body)
        self._judge(f"put {KEY!r} by the bucket's host name", put, cure=_BROKEN_PATHS)
        got = await ask("s3", "GET", self._url, f"/{self._name}/{KEY}")
        self._judge("got it by path", got, holds=got.body == body, cure=_BROKEN_PATHS)
        listed = await ask("s3", "GET", self._url, f"/{self._name}", query={"list-type": "2"})
        self._judge("listed the bucket", listed, holds=f"<Key>{KEY}</Key>" in listed.body.decode("utf-8", "replace"))
        signed = await self._client.fetch(self._client.presigned(self._bucket_url, f"/{KEY}"))
        self._judge("got it by a presigned URL", signed, holds=signed.body == body, cure=_BROKEN_PATHS)
        gone = await ask("s3", "DELETE", self._url, f"/{self._name}/{KEY}")
        if self._judge("deleted it", gone):
            await ask("s3", "DELETE", self._url, f"/{self._name}")

    async def _json(self, service: str, target: str, document: dict[str, object], version: str = "1.0") -> Answer:
        headers = {"Content-Type": f"application/x-amz-json-{version}", "X-Amz-Target": target}
        return await self._client.ask(
            service, "POST", self._url, "/", body=json.dumps(document).encode(), headers=headers
        )

    async def _query(self, service: str, **form: str) -> Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self._client.ask(service, "POST", self._url, "/", body=urlencode(form).encode(), headers=headers)

    async def messages(self) -> None:
        """A topic that feeds a queue: publish there, receive here."""
        made = await self._json("sqs", "AmazonSQS.CreateQueue", {"QueueName": self._name})
        if not self._judge("made a queue", made):
            return
        queue = str(json.loads(made.body).get("QueueUrl", ""))
        topic = await self._query("sns", Action="CreateTopic", Version="2010-03-31", Name=self._name)
        arn = _between(topic.text, "<TopicArn>", "</TopicArn>")
        if self._judge("made a topic", topic, holds=bool(arn)):
            await self._publish(queue, arn)
            await self._query("sns", Action="DeleteTopic", Version="2010-03-31", TopicArn=arn)
        await self._json("sqs", "AmazonSQS.DeleteQueue", {"QueueUrl": queue})

    async def _publish(self, queue: str, topic: str) -> None:
        asked = await self._json(
            "sqs", "AmazonSQS.GetQueueAttributes", {"QueueUrl": queue, "AttributeNames": ["QueueArn"]}
        )
        endpoint = str(json.loads(asked.body or b"{}").get("Attributes", {}).get("QueueArn", ""))
        await self._query(
            "sns",
            Action="Subscribe",
            Version="2010-03-31",
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=endpoint,
        )
        await self._query("sns", Action="Publish", Version="2010-03-31", TopicArn=topic, Message="ahoy from the doctor")
        got = await self._json("sqs", "AmazonSQS.ReceiveMessage", {"QueueUrl": queue, "WaitTimeSeconds": 5})
        self._judge("published to the topic, received from the queue", got, holds=b"ahoy from the doctor" in got.body)

    async def dynamodb(self) -> None:
        """A table, an item, and the item again."""
        key: dict[str, object] = {"k": {"S": "a"}}
        made = await self._json(
            "dynamodb",
            "DynamoDB_20120810.CreateTable",
            {
                "TableName": self._name,
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
            },
        )
        if not self._judge("made a table", made):
            return
        await self._json(
            "dynamodb", "DynamoDB_20120810.PutItem", {"TableName": self._name, "Item": {**key, "v": {"N": "7"}}}
        )
        got = await self._json("dynamodb", "DynamoDB_20120810.GetItem", {"TableName": self._name, "Key": key})
        self._judge("wrote and read an item", got, holds=b'"7"' in got.body)
        await self._json("dynamodb", "DynamoDB_20120810.DeleteTable", {"TableName": self._name})

    async def function(self) -> None:
        """A function that says what it was given."""
        path = "/2015-03-31/functions"
        made = await self._client.ask(
            "lambda",
            "POST",
            self._url,
            path,
            body=json.dumps(_function(self._name)).encode(),
            headers={"Content-Type": "application/json"},
        )
        if made.status in {404, 501}:
            self._found.skipped("made a function", f"{made.status}: the endpoint has no Lambda")
            return
        if not self._judge("made a function", made):
            return
        got = await self._client.ask("lambda", "POST", self._url, f"{path}/{self._name}/invocations", body=b'{"n": 7}')
        self._judge("invoked it", got, holds=b"seen" in got.body)
        await self._client.ask("lambda", "DELETE", self._url, f"{path}/{self._name}")


def _function(name: str) -> dict[str, object]:
    import base64

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("main.py", _FUNCTION)
    return {
        "FunctionName": name,
        "Runtime": "python3.12",
        "Role": "arn:aws:iam::000000000000:role/doctor",
        "Handler": "main.handler",
        "Code": {"ZipFile": base64.b64encode(buffer.getvalue()).decode()},
    }


def _between(text: str, start: str, end: str) -> str:
    _, _, rest = text.partition(start)
    return rest.partition(end)[0]
