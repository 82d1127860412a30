"""The right to make pods for functions; rendered only when Lambda runs in pods."""

from homeport.deploy.objects.labels import AWS, NAMESPACE, metadata
from homeport.deploy.templates.nodes import Document, equals, every, given

FILE = "lambda"
_NAME = "aws-lambda"
_WANTED = every(given("aws.enabled"), equals("aws.lambda.executor", "kubernetes"))

DOCUMENTS = (
    Document(
        FILE,
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": metadata(_NAME, AWS),
            "rules": [
                {"apiGroups": [""], "resources": ["pods"], "verbs": ["create", "get", "list", "watch", "delete"]},
                {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
            ],
        },
        _WANTED,
    ),
    Document(
        FILE,
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": metadata(_NAME, AWS),
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": _NAME},
            "subjects": [{"kind": "ServiceAccount", "name": AWS, "namespace": NAMESPACE}],
        },
        _WANTED,
    ),
    Document(
        FILE,
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": metadata("function", AWS),
            # A function's pod is the user's code: it gets no token.
            "automountServiceAccountToken": False,
        },
        _WANTED,
    ),
)
