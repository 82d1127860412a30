# The shapes of STS, API version 2011-06-15: made by tools/make_api.py, for type checking only.

from collections.abc import AsyncIterator
from typing import Required, TypedDict

from homeport.aws.stream import Download, Upload
from homeport.kernel.clock import Millis


class AssumeRoleRequest(TypedDict, total=False):
    RoleArn: Required[str]
    RoleSessionName: Required[str]
    PolicyArns: list[PolicyDescriptorType]
    Policy: str
    DurationSeconds: int
    Tags: list[Tag]
    TransitiveTagKeys: list[str]
    ExternalId: str
    SerialNumber: str
    TokenCode: str
    SourceIdentity: str
    ProvidedContexts: list[ProvidedContext]
    MinimumSessionTokenSize: int


class AssumeRoleResponse(TypedDict, total=False):
    Credentials: Credentials
    AssumedRoleUser: AssumedRoleUser
    PackedPolicySize: int
    SourceIdentity: str
    SessionTokenUtilization: int
    SessionTokenSize: int


class AssumeRoleWithSAMLRequest(TypedDict, total=False):
    RoleArn: Required[str]
    PrincipalArn: Required[str]
    SAMLAssertion: Required[str]
    PolicyArns: list[PolicyDescriptorType]
    Policy: str
    DurationSeconds: int
    MinimumSessionTokenSize: int


class AssumeRoleWithSAMLResponse(TypedDict, total=False):
    Credentials: Credentials
    AssumedRoleUser: AssumedRoleUser
    PackedPolicySize: int
    Subject: str
    SubjectType: str
    Issuer: str
    Audience: str
    NameQualifier: str
    SourceIdentity: str
    SessionTokenUtilization: int
    SessionTokenSize: int
    TrustedIdentityPropagationContext: TrustedIdentityPropagationContext


class AssumeRoleWithWebIdentityRequest(TypedDict, total=False):
    RoleArn: Required[str]
    RoleSessionName: Required[str]
    WebIdentityToken: Required[str]
    ProviderId: str
    PolicyArns: list[PolicyDescriptorType]
    Policy: str
    DurationSeconds: int
    MinimumSessionTokenSize: int


class AssumeRoleWithWebIdentityResponse(TypedDict, total=False):
    Credentials: Credentials
    SubjectFromWebIdentityToken: str
    AssumedRoleUser: AssumedRoleUser
    PackedPolicySize: int
    Provider: str
    Audience: str
    SourceIdentity: str
    SessionTokenUtilization: int
    SessionTokenSize: int
    TrustedIdentityPropagationContext: TrustedIdentityPropagationContext


class AssumeRootRequest(TypedDict, total=False):
    TargetPrincipal: Required[str]
    TaskPolicyArn: Required[PolicyDescriptorType]
    DurationSeconds: int
    MinimumSessionTokenSize: int


class AssumeRootResponse(TypedDict, total=False):
    Credentials: Credentials
    SourceIdentity: str
    SessionTokenUtilization: int
    SessionTokenSize: int


class AssumedRoleUser(TypedDict, total=False):
    AssumedRoleId: Required[str]
    Arn: Required[str]


class Credentials(TypedDict, total=False):
    AccessKeyId: Required[str]
    SecretAccessKey: Required[str]
    SessionToken: Required[str]
    Expiration: Required[Millis]


class DecodeAuthorizationMessageRequest(TypedDict, total=False):
    EncodedMessage: Required[str]


class DecodeAuthorizationMessageResponse(TypedDict, total=False):
    DecodedMessage: str


class FederatedUser(TypedDict, total=False):
    FederatedUserId: Required[str]
    Arn: Required[str]


class GetAccessKeyInfoRequest(TypedDict, total=False):
    AccessKeyId: Required[str]


class GetAccessKeyInfoResponse(TypedDict, total=False):
    Account: str


class GetCallerIdentityRequest(TypedDict, total=False):
    pass


class GetCallerIdentityResponse(TypedDict, total=False):
    UserId: str
    Account: str
    Arn: str


class GetDelegatedAccessTokenRequest(TypedDict, total=False):
    TradeInToken: Required[str]


class GetDelegatedAccessTokenResponse(TypedDict, total=False):
    Credentials: Credentials
    PackedPolicySize: int
    AssumedPrincipal: str


class GetFederationTokenRequest(TypedDict, total=False):
    Name: Required[str]
    Policy: str
    PolicyArns: list[PolicyDescriptorType]
    DurationSeconds: int
    Tags: list[Tag]
    MinimumSessionTokenSize: int


class GetFederationTokenResponse(TypedDict, total=False):
    Credentials: Credentials
    FederatedUser: FederatedUser
    PackedPolicySize: int
    SessionTokenUtilization: int
    SessionTokenSize: int


class GetScopedCredentialsRequest(TypedDict, total=False):
    Policy: str
    DurationSeconds: int
    MinimumSessionTokenSize: int
    ScopedSessionDescription: str


class GetScopedCredentialsResponse(TypedDict, total=False):
    Credentials: Credentials
    SessionInfo: ScopedSession
    SessionTokenUtilization: int
    SessionTokenSize: int
    ScopedPoliciesCount: int
    SourceIdentity: str


class GetSessionTokenRequest(TypedDict, total=False):
    DurationSeconds: int
    SerialNumber: str
    TokenCode: str
    MinimumSessionTokenSize: int


class GetSessionTokenResponse(TypedDict, total=False):
    Credentials: Credentials
    SessionTokenUtilization: int
    SessionTokenSize: int


class GetWebIdentityTokenRequest(TypedDict, total=False):
    Audience: Required[list[str]]
    DurationSeconds: int
    SigningAlgorithm: Required[str]
    Scope: str
    SubjectMode: str
    Tags: list[Tag]


class GetWebIdentityTokenResponse(TypedDict, total=False):
    WebIdentityToken: str
    Expiration: Millis


class OriginIdentity(TypedDict, total=False):
    Subject: str
    SubjectType: str
    Issuer: str
    FederatedProviderArn: str


class PolicyDescriptorType(TypedDict, total=False):
    arn: str


class ProvidedContext(TypedDict, total=False):
    ProviderArn: str
    ContextAssertion: str


class ScopedSession(TypedDict, total=False):
    ScopedSessionId: Required[str]
    Arn: Required[str]


class Tag(TypedDict, total=False):
    Key: Required[str]
    Value: Required[str]


class TransactionContext(TypedDict, total=False):
    IdentityProvider: dict[str, str]


class TrustedIdentityPropagationContext(TypedDict, total=False):
    OriginIdentity: OriginIdentity
    TransactionContext: TransactionContext
