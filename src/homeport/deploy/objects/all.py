"""Every object that there can be, in the order in which it is applied."""

from homeport.deploy.objects import (
    certificates,
    collection,
    config,
    ingress,
    lambda_pods,
    monitoring,
    namespace,
    network,
    workloads,
)
from homeport.deploy.templates.nodes import Document

DOCUMENTS: tuple[Document, ...] = (
    *namespace.DOCUMENTS,
    *certificates.DOCUMENTS,
    *config.DOCUMENTS,
    *workloads.DOCUMENTS,
    *lambda_pods.DOCUMENTS,
    *ingress.DOCUMENTS,
    *monitoring.DOCUMENTS,
    *network.DOCUMENTS,
    *collection.DOCUMENTS,
)
