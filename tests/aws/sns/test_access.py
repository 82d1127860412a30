"""In mode `signed` a topic is its account's, and who else may use it is its policy's to say."""

from tests.aws.accounts import OTHER, OWNER, Accounts, code


def test_a_topic_without_a_policy_is_its_accounts_alone(accounts: Accounts) -> None:
    owner, other = accounts.client("sns", OWNER), accounts.client("sns", OTHER)
    topic = owner.create_topic(Name="t")["TopicArn"]
    entries = [{"Id": "1", "Message": "m"}]

    for do, more in (
        (other.publish, {"Message": "m"}),
        (other.publish_batch, {"PublishBatchRequestEntries": entries}),
        (other.subscribe, {"Protocol": "sqs", "Endpoint": f"arn:aws:sqs:us-east-1:{OTHER}:q"}),
        (other.set_topic_attributes, {"AttributeName": "DisplayName", "AttributeValue": "x"}),
        (other.get_topic_attributes, {}),
        (other.list_subscriptions_by_topic, {}),
        (other.delete_topic, {}),
    ):
        assert code(do, TopicArn=topic, **more) == "AuthorizationError"
    assert code(other.publish, TargetArn=topic, Message="m") == "AuthorizationError"
    assert code(other.tag_resource, ResourceArn=topic, Tags=[{"Key": "k", "Value": "v"}]) == "AuthorizationError"
    assert owner.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == ""
    owner.publish(TopicArn=topic, Message="m")


def test_a_policy_lets_another_account_do_what_it_names(accounts: Accounts) -> None:
    owner, other = accounts.client("sns", OWNER), accounts.client("sns", OTHER)
    topic = owner.create_topic(Name="t")["TopicArn"]
    owner.add_permission(TopicArn=topic, Label="l", AWSAccountId=[OTHER], ActionName=["Publish", "Subscribe"])

    other.publish(TopicArn=topic, Message="m")
    other.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": "1", "Message": "m"}])
    endpoint = f"arn:aws:sqs:us-east-1:{OTHER}:q"
    subscription = other.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=endpoint)["SubscriptionArn"]

    assert code(other.delete_topic, TopicArn=topic) == "AuthorizationError"
    assert owner.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]["Owner"] == OTHER
    other.unsubscribe(SubscriptionArn=subscription)


def test_a_subscription_is_its_subscribers_and_its_topics(accounts: Accounts) -> None:
    owner, other = accounts.client("sns", OWNER), accounts.client("sns", OTHER)
    topic = owner.create_topic(Name="t")["TopicArn"]
    endpoint = f"arn:aws:sqs:us-east-1:{OWNER}:q"
    subscription = owner.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=endpoint)["SubscriptionArn"]
    change = {"SubscriptionArn": subscription, "AttributeName": "RawMessageDelivery", "AttributeValue": "true"}

    assert code(other.get_subscription_attributes, SubscriptionArn=subscription) == "AuthorizationError"
    assert code(other.set_subscription_attributes, **change) == "AuthorizationError"
    assert code(other.unsubscribe, SubscriptionArn=subscription) == "AuthorizationError"
    owner.set_subscription_attributes(**change)


def test_an_account_can_mend_the_policy_that_shuts_it_out(accounts: Accounts) -> None:
    owner = accounts.client("sns", OWNER)
    topic = owner.create_topic(Name="t")["TopicArn"]
    deny = f'{{"Statement":[{{"Effect":"Deny","Principal":"*","Action":"SNS:*","Resource":"{topic}"}}]}}'

    owner.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=deny)
    assert code(owner.publish, TopicArn=topic, Message="m") == "AuthorizationError"
    owner.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue="")

    owner.publish(TopicArn=topic, Message="m")


def test_platform_applications_are_their_accounts(accounts: Accounts) -> None:
    owner, other = accounts.client("sns", OWNER), accounts.client("sns", OTHER)
    given = {"Name": "a", "Platform": "GCM", "Attributes": {"PlatformCredential": "secret"}}
    application = owner.create_platform_application(**given)["PlatformApplicationArn"]

    refused = code(other.create_platform_endpoint, PlatformApplicationArn=application, Token="t" * 20)
    assert refused == "AuthorizationError"
    endpoint = owner.create_platform_endpoint(PlatformApplicationArn=application, Token="t" * 20)["EndpointArn"]
    assert code(other.get_endpoint_attributes, EndpointArn=endpoint) == "AuthorizationError"
    assert code(other.publish, TargetArn=endpoint, Message="m") == "AuthorizationError"
    owner.publish(TargetArn=endpoint, Message="m")


def test_mailboxes_and_tokens_are_their_accounts(accounts: Accounts) -> None:
    owner = accounts.client("sns", OWNER)
    topic = owner.create_topic(Name="t")["TopicArn"]
    made = owner.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@b.example", ReturnSubscriptionArn=True)

    for path in (
        f"/_aws/sns/subscription-tokens/{made['SubscriptionArn']}",
        f"/_aws/sns/email-messages?accountId={OWNER}",
        f"/_aws/sns/sms-messages?accountId={OWNER}",
    ):
        assert [accounts.get(path, account) for account in (OWNER, OTHER)] == [200, 403]
