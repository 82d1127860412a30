"""The sixteen checks of a deployment on K3s, in the order in which a fault would show."""

from homeport.deploy.doctor import (
    aws_checks,
    cluster_checks,
    metrics_checks,
    names,
    pod_checks,
    registry_checks,
    tls_checks,
)
from homeport.deploy.doctor.findings import Check
from homeport.deploy.doctor.scene import Scene

CHECKS: tuple[Check[Scene], ...] = (
    Check(1, "API server and rights", "laptop", cluster_checks.rights),
    Check(2, "Definitions and Traefik's version", "laptop", cluster_checks.definitions),
    Check(3, "Storage", "laptop", cluster_checks.storage),
    Check(4, "Traefik's address", "laptop", cluster_checks.address),
    Check(5, "DNS", "laptop", names.names),
    Check(6, "TLS", "laptop", tls_checks.certificates),
    Check(7, "Login", "laptop", registry_checks.login),
    Check(8, "Push and pull", "laptop", registry_checks.push_and_pull),
    Check(9, "A slow upload", "laptop", registry_checks.slow_upload),
    Check(10, "AWS services", "laptop", aws_checks.services),
    Check(11, "The CA for boto3", "laptop", tls_checks.bundle),
    Check(12, "Pulling on every node", "nodes", pod_checks.pulls),
    Check(13, "From a pod", "cluster", pod_checks.inside),
    Check(14, "Metrics", "cluster", metrics_checks.metrics),
    Check(15, "Pod Security", "laptop", cluster_checks.pod_security),
    Check(16, "Clock", "laptop", cluster_checks.clock),
)
