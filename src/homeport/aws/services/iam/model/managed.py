"""Policies that AWS itself keeps: every one can be attached; those that local tools read can be read.

What they allow is told only as far as the services of Homeport go.
"""

from collections.abc import Mapping
from typing import Final

import orjson

PREFIX: Final = "arn:aws:iam::aws:policy/"

_LOGS: Final = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
_POLL_SQS: Final = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_POLL_STREAMS: Final = (
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
)
_NETWORK: Final = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)

ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "AdministratorAccess": ("*",),
    "AmazonDynamoDBFullAccess": ("dynamodb:*",),
    "AmazonDynamoDBReadOnlyAccess": (
        "dynamodb:BatchGetItem",
        "dynamodb:Describe*",
        "dynamodb:List*",
        "dynamodb:Get*",
        "dynamodb:Query",
        "dynamodb:Scan",
    ),
    "AmazonS3FullAccess": ("s3:*", "s3-object-lambda:*"),
    "AmazonS3ReadOnlyAccess": ("s3:Get*", "s3:List*", "s3:Describe*"),
    "AmazonSNSFullAccess": ("sns:*",),
    "AmazonSNSReadOnlyAccess": ("sns:GetTopicAttributes", "sns:List*"),
    "AmazonSQSFullAccess": ("sqs:*",),
    "AmazonSQSReadOnlyAccess": ("sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:List*"),
    "AWSLambda_FullAccess": ("lambda:*", "logs:*", "iam:PassRole"),
    "AWSLambda_ReadOnlyAccess": ("lambda:Get*", "lambda:List*"),
    "PowerUserAccess": ("*",),
    "ReadOnlyAccess": (
        "s3:Get*",
        "s3:List*",
        "sqs:Get*",
        "sqs:List*",
        "sns:Get*",
        "sns:List*",
        "dynamodb:Get*",
        "dynamodb:List*",
        "dynamodb:Describe*",
        "lambda:Get*",
        "lambda:List*",
        "iam:Get*",
        "iam:List*",
        "kms:Describe*",
        "kms:List*",
    ),
    "service-role/AWSLambdaBasicExecutionRole": _LOGS,
    "service-role/AWSLambdaDynamoDBExecutionRole": (*_POLL_STREAMS, *_LOGS),
    "service-role/AWSLambdaRole": ("lambda:InvokeFunction",),
    "service-role/AWSLambdaSQSQueueExecutionRole": (*_POLL_SQS, *_LOGS),
    "service-role/AWSLambdaVPCAccessExecutionRole": (*_LOGS, *_NETWORK),
}
"""What each allows, by path and name; a statement each with every resource."""


def is_managed(arn: str) -> bool:
    """Whether a policy is one of AWS's own."""
    return arn.startswith(PREFIX)


def name_of(arn: str) -> str:
    """A managed policy's name without its path."""
    return arn.removeprefix(PREFIX).rpartition("/")[2]


def document_of(arn: str) -> str | None:
    """A managed policy's document; None for one that is not known here."""
    actions = ACTIONS.get(arn.removeprefix(PREFIX))
    if actions is None:
        return None
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return orjson.dumps({"Version": "2012-10-17", "Statement": [statement]}).decode()
