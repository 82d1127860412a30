"""LocalStack's variables: what they set here, and that they never win over Homeport's own."""

import pytest

from homeport.aws.localstack.variables import SETTINGS_OF, WITHOUT_EFFECT, translate, without_effect
from homeport.kernel.config import SETTINGS, load_settings


@pytest.mark.parametrize(
    ("name", "text", "variable", "wanted"),
    [
        ("GATEWAY_LISTEN", "0.0.0.0:4566,0.0.0.0:443", "HOMEPORT_LISTEN_AWS", "0.0.0.0:4566,0.0.0.0:443"),
        ("GATEWAY_LISTEN", "0.0.0.0", "HOMEPORT_LISTEN_AWS", "0.0.0.0:4566"),
        ("LOCALSTACK_HOST", "cloud.lan:4510", "HOMEPORT_AWS_HOST", "cloud.lan:4510"),
        ("LOCALSTACK_HOST", "cloud.lan", "HOMEPORT_AWS_HOST", "cloud.lan:4566"),
        ("SERVICES", "s3,sqs", "HOMEPORT_AWS_SERVICES", "s3,sqs"),
        ("SERVICES", "s3:4572, sqs:4576", "HOMEPORT_AWS_SERVICES", "s3,sqs"),
        ("SQS_ENDPOINT_STRATEGY", "path", "HOMEPORT_AWS_SQS_QUEUE_URLS", "path"),
        ("SQS_DELAY_PURGE_RETRY", "1", "HOMEPORT_AWS_SQS_PAUSES", "true"),
        ("SQS_DELAY_RECENTLY_DELETED", "1", "HOMEPORT_AWS_SQS_PAUSES", "true"),
        ("LOCALSTACK_SERVICES", "s3", "HOMEPORT_AWS_SERVICES", "s3"),
        ("DEBUG", "1", "HOMEPORT_LOG_LEVEL", "debug"),
        ("LS_LOG", "trace", "HOMEPORT_LOG_LEVEL", "debug"),
        ("EXTRA_CORS_ALLOWED_ORIGINS", "https://a.lan", "HOMEPORT_AWS_CORS_ORIGINS", "https://a.lan"),
        ("DISABLE_CORS_CHECKS", "1", "HOMEPORT_AWS_CORS_CHECKS", "false"),
        ("DISABLE_CORS_HEADERS", "true", "HOMEPORT_AWS_CORS_ANSWERS", "false"),
    ],
)
def test_a_variable_means_a_setting(name: str, text: str, variable: str, wanted: str) -> None:
    environment = translate({name: text})

    assert environment[variable] == wanted
    assert load_settings(None, environment, {}) != load_settings(None, {}, {})


def test_every_setting_that_a_variable_means_is_there() -> None:
    assert {key for key, _ in SETTINGS_OF.values()} <= {row.key for row in SETTINGS}


def test_homeport_s_own_variable_wins() -> None:
    environment = translate({"SERVICES": "s3", "HOMEPORT_AWS_SERVICES": "sqs"})

    assert load_settings(None, environment, {}).aws_services == ("sqs",)


@pytest.mark.parametrize(("name", "text"), [("DEBUG", "app:*"), ("DEBUG", "0"), ("LS_LOG", "loud"), ("SERVICES", "")])
def test_what_says_nothing_changes_nothing(name: str, text: str) -> None:
    assert translate({name: text}) == {name: text}


def test_a_certificate_in_one_file_is_its_own_key() -> None:
    environment = translate({"CUSTOM_SSL_CERT_PATH": "/certs/server.pem"})

    settings = load_settings(None, environment, {})
    assert settings.tls_certificate == settings.tls_key


def test_variables_without_effect_are_named_with_the_reason() -> None:
    told = without_effect({"PERSISTENCE": "1", "LOCALSTACK_USE_SSL": "1", "PATH": "/bin"})

    assert list(told) == ["LOCALSTACK_USE_SSL", "PERSISTENCE"]
    assert not SETTINGS_OF.keys() & WITHOUT_EFFECT.keys()


@pytest.mark.parametrize("name", ["LAMBDA_KEEPALIVE_MS", "LAMBDA_RUNTIME_EXECUTOR", "ENFORCE_IAM", "EDGE_PORT"])
def test_what_somebody_could_rely_on_is_told_to_have_no_effect(name: str) -> None:
    assert name in without_effect({name: "1"})
