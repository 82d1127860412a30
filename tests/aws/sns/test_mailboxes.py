"""SMS, push and email: local mailboxes instead of the world."""

import json
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.aws.sns.test_fan_out import World
from tests.aws_server import AwsServer


@pytest.fixture
def world(aws: AwsServer) -> World:
    return World(aws)


def ask(world: World, path: str, method: str = "GET", body: bytes | None = None) -> Any:
    request = urllib.request.Request(world.aws.url + path, method=method, data=body)
    with urllib.request.urlopen(request) as answer:
        content = answer.read()
    return json.loads(content) if content else None


def test_a_text_message_lies_in_its_numbers_mailbox(world: World) -> None:
    topic = world.topic()
    world.sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint="+15550001")
    world.sns.publish(PhoneNumber="+15550002", Message="direct")
    world.sns.publish(TopicArn=topic, Message="by topic")

    found = ask(world, "/_aws/sns/sms-messages")

    assert found["region"] == "us-east-1"
    assert [m["Message"] for m in found["sms_messages"]["+15550001"]] == ["by topic"]
    assert found["sms_messages"]["+15550001"][0]["TopicArn"] == topic
    assert [m["Message"] for m in found["sms_messages"]["+15550002"]] == ["direct"]
    ask(world, "/_aws/sns/sms-messages?phoneNumber=%2B15550001", "DELETE")
    assert list(ask(world, "/_aws/sns/sms-messages")["sms_messages"]) == ["+15550002"]


def test_who_has_opted_out_gets_nothing(world: World) -> None:
    ask(world, "/_aws/sns/phone-opt-outs", "POST", b'{"phoneNumber": "+15550001"}')
    world.sns.publish(PhoneNumber="+15550001", Message="unwanted")

    assert world.sns.check_if_phone_number_is_opted_out(phoneNumber="+15550001")["isOptedOut"] is True
    assert world.sns.list_phone_numbers_opted_out()["phoneNumbers"] == ["+15550001"]
    assert ask(world, "/_aws/sns/sms-messages")["sms_messages"] == {}
    world.sns.opt_in_phone_number(phoneNumber="+15550001")
    assert world.sns.list_phone_numbers_opted_out()["phoneNumbers"] == []


def test_a_number_of_the_sandbox_is_verified_by_what_its_mailbox_says(world: World) -> None:
    world.sns.create_sms_sandbox_phone_number(PhoneNumber="+15550001")
    (message,) = ask(world, "/_aws/sns/sms-messages")["sms_messages"]["+15550001"]
    password = message["Message"].rpartition(" ")[2]

    with pytest.raises(ClientError):
        world.sns.verify_sms_sandbox_phone_number(PhoneNumber="+15550001", OneTimePassword="no")
    world.sns.verify_sms_sandbox_phone_number(PhoneNumber="+15550001", OneTimePassword=password)

    assert world.sns.list_sms_sandbox_phone_numbers()["PhoneNumbers"] == [
        {"PhoneNumber": "+15550001", "Status": "Verified"}
    ]


def test_a_push_lies_in_its_endpoints_mailbox(world: World) -> None:
    application = world.sns.create_platform_application(
        Name="app", Platform="GCM", Attributes={"PlatformCredential": "secret"}
    )["PlatformApplicationArn"]
    device = world.sns.create_platform_endpoint(PlatformApplicationArn=application, Token="t")["EndpointArn"]
    text = json.dumps({"default": "all", "GCM": "for google"})

    world.sns.publish(TargetArn=device, Message=text, MessageStructure="json")

    (message,) = ask(world, f"/_aws/sns/platform-endpoint-messages?endpointArn={device}")["platform_endpoint_messages"][
        device
    ]
    assert message["Message"] == "for google"
    assert world.sns.list_endpoints_by_platform_application(PlatformApplicationArn=application)["Endpoints"] == [
        {"EndpointArn": device, "Attributes": {"Enabled": "true", "Token": "t"}}
    ]
    world.sns.set_endpoint_attributes(EndpointArn=device, Attributes={"Enabled": "false"})
    with pytest.raises(world.sns.exceptions.EndpointDisabledException):
        world.sns.publish(TargetArn=device, Message="m")


@pytest.mark.parametrize(
    ("platform", "attributes", "message"),
    [
        ("AAA", {"PlatformCredential": "c"}, "Invalid parameter: Platform Reason: AAA is not supported"),
        (
            "ADM",
            {"PlatformPrincipal": "p"},
            "Invalid parameter: Attributes Reason: PlatformPrincipal attribute provided without PlatformCredential",
        ),
        (
            "ADM",
            {"PlatformCredential": "c"},
            "Invalid parameter: Attributes Reason: PlatformCredential attribute provided without PlatformPrincipal",
        ),
    ],
)
def test_applications_that_cannot_be(world: World, platform: str, attributes: dict[str, str], message: str) -> None:
    with pytest.raises(ClientError) as caught:
        world.sns.create_platform_application(Name="app", Platform=platform, Attributes=attributes)

    assert caught.value.response["Error"]["Message"] == message


def test_an_email_subscription_is_confirmed_from_its_mailbox(world: World) -> None:
    topic = world.topic()
    world.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="me@home.example")
    (asked,) = ask(world, "/_aws/sns/email-messages")["email_messages"]["me@home.example"]

    world.sns.confirm_subscription(TopicArn=topic, Token=asked["Token"])
    world.sns.publish(TopicArn=topic, Message="hello", Subject="about")

    _, mail = ask(world, "/_aws/sns/email-messages")["email_messages"]["me@home.example"]
    assert (mail["Message"], mail["Subject"]) == ("hello", "about")
