"""What host names mean: services, regions and buckets, under any domain."""

import pytest

from homeport.aws.protocol.hosts import HostClaim, read_host, read_host_under


@pytest.mark.parametrize(
    ("host", "claim"),
    [
        ("localhost:4566", HostClaim()),
        ("127.0.0.1:4566", HostClaim()),
        ("[::1]:4566", HostClaim()),
        ("homeport.lan", HostClaim()),
        ("localhost.localstack.cloud:4566", HostClaim()),
        ("s3.localhost.localstack.cloud:4566", HostClaim("s3")),
        ("s3.amazonaws.com", HostClaim("s3")),
        ("S3.EU-WEST-1.AMAZONAWS.COM", HostClaim("s3", "eu-west-1")),
        ("pictures.s3.localhost.localstack.cloud:4566", HostClaim("s3", "", "pictures")),
        ("my.own.pictures.s3.eu-west-1.amazonaws.com", HostClaim("s3", "eu-west-1", "my.own.pictures")),
        ("pictures.s3.dualstack.eu-west-1.amazonaws.com", HostClaim("s3", "eu-west-1", "pictures")),
        ("pictures.s3-eu-west-1.amazonaws.com", HostClaim("s3", "eu-west-1", "pictures")),
        ("s3.copies.s3.homeport.lan", HostClaim("s3", "", "s3.copies")),
        ("site.s3-website.localhost.localstack.cloud", HostClaim("s3", "", "site", website=True)),
        ("site.s3-website-us-east-1.amazonaws.com", HostClaim("s3", "us-east-1", "site", website=True)),
        ("sqs.us-east-1.localhost.localstack.cloud:4566", HostClaim("sqs", "us-east-1")),
        ("us-east-1.queue.localhost.localstack.cloud", HostClaim("sqs", "us-east-1")),
        ("queue.localhost.localstack.cloud", HostClaim("sqs")),
        ("dynamodb.ap-southeast-2.amazonaws.com", HostClaim("dynamodb", "ap-southeast-2")),
        ("streams.dynamodb.us-west-2.amazonaws.com", HostClaim("dynamodbstreams", "us-west-2")),
        ("lambda.us-gov-west-1.amazonaws.com", HostClaim("lambda", "us-gov-west-1")),
        ("", HostClaim()),
        ("s3", HostClaim()),
    ],
)
def test_a_host_says_what_is_meant(host: str, claim: HostClaim) -> None:
    assert read_host(host) == claim


def test_every_other_name_below_an_own_domain_is_a_bucket() -> None:
    domains = ["aws.example.org"]

    assert read_host_under("my.bucket.AWS.example.org:443", domains) == HostClaim("s3", bucket="my.bucket")
    assert read_host_under("bucket.s3.aws.example.org", domains) == HostClaim("s3", bucket="bucket")
    assert read_host_under("sqs.aws.example.org", domains) == HostClaim("sqs")
    assert read_host_under("aws.example.org", domains) == HostClaim()
    assert read_host_under("bucket.other.example.org", domains) == HostClaim()
