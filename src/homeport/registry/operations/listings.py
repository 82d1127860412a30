"""Lists: repositories, tags, referrers; each only as far as the caller may see."""

from collections.abc import Sequence

from homeport.registry.errors import NameUnknown
from homeport.registry.model.digest import Digest
from homeport.registry.model.names import RepositoryName, Tag
from homeport.registry.model.pagination import Page
from homeport.registry.operations.context import Call, Registry, require
from homeport.registry.operations.reconcile import reconcile_repository
from homeport.registry.store.index import ReferrersPage

_CATALOG_STRIDE = 1000


async def list_repositories(registry: Registry, call: Call, page: Page) -> Sequence[RepositoryName]:
    """Names of the repositories that the caller may pull from, one more than the page holds if there are more.

    Spec: Docker's registry API, "Catalog". Repositories without a single manifest are left out.
    """
    await registry.until_indexed()
    wanted = None if page.limit is None else page.limit + 1
    if registry.rules.allow_everywhere(call.principal, "pull"):
        return await registry.index.repositories(page.after, wanted)
    found: list[RepositoryName] = []
    after = page.after
    while wanted is None or len(found) < wanted:
        names = await registry.index.repositories(after, _CATALOG_STRIDE)
        found += [name for name in names if registry.rules.allow(call.principal, "pull", name)]
        if len(names) < _CATALOG_STRIDE:
            break
        after = names[-1]
    return found[:wanted]


async def list_tags(registry: Registry, call: Call, name: RepositoryName, page: Page) -> Sequence[Tag]:
    """A repository's tags in lexical order, one more than the page holds if there are more.

    Spec: OCI distribution, end-8.

    Raises:
        NameUnknown: there is no such repository.
    """
    require(registry, call, "pull", name)
    await registry.until_indexed()
    await reconcile_repository(registry, name)
    tags = await registry.index.tags(name, page.after, None if page.limit is None else page.limit + 1)
    if not tags and not registry.content.has_repository(name):
        raise NameUnknown(name)
    return tags


async def list_referrers(
    registry: Registry, call: Call, name: RepositoryName, subject: Digest, *, artifact_type: str, after: str
) -> ReferrersPage:
    """Manifests that name this one as their subject, behind the digest `after`.

    Spec: OCI distribution, end-12. The subject itself need not exist.
    """
    require(registry, call, "pull", name)
    await registry.until_indexed()
    await reconcile_repository(registry, name)
    target = registry.content.revision(name, subject)
    subjects = [subject] if target is None else [subject, target]
    return await registry.index.referrers(name, subjects, artifact_type, after)
