"""Checks rendered manifests against Kubernetes' own schemas, without a cluster and without network."""

from __future__ import annotations

from dataclasses import dataclass

from groundwork.errors import ReleaseFailed
from localcloud.kubernetes.pod_images import images_of


@dataclass(frozen=True)
class Checked:
    """Objects as Kind/name: the `valid`, and the `skipped`, whose kind is not Kubernetes' own (CRDs).

    `images` are those of the pods that the objects make.
    """

    valid: tuple[str, ...]
    skipped: tuple[str, ...]
    images: frozenset[str] = frozenset()


def check(manifests: str, *, kube_version: str) -> Checked:
    """Validate YAML documents against the schemas of a Kubernetes version such as 1.33, unknown fields included.

    The schemas are those of the package kubernetes-validate, generated from Kubernetes' OpenAPI. They know fields and
    types; what only a running API server decides (admission, quotas, references between objects) is not checked.
    Raises ReleaseFailed naming every object, field and problem.
    """
    import kubernetes_validate as schemas  # noqa: PLC0415 - a third of a second
    from kubernetes_validate.utils import VersionNotSupportedError  # noqa: PLC0415
    from ruamel.yaml import YAML  # noqa: PLC0415

    minor = ".".join(kube_version.split(".")[:2])
    valid, skipped, problems = [], [], []
    images: set[str] = set()
    for document in YAML(typ="safe", pure=True).load_all(manifests):
        if not document:
            continue
        hooks = (document.get("metadata", {}).get("annotations") or {}).get("helm.sh/hook", "")
        if "test" not in hooks.split(","):  # `helm test` alone runs those
            images.update(images_of(document))
        name = f"{document.get('kind')}/{document.get('metadata', {}).get('name')}"
        try:
            schemas.validate(document, minor, strict=True)
        except schemas.SchemaNotFoundError:
            skipped.append(name)
        except schemas.ValidationError as error:
            problems.append(f"{name}: {'.'.join(map(str, error.path)) or '(top)'}: {error.message}")
        except VersionNotSupportedError as error:
            raise ReleaseFailed(
                f"there are no schemas of Kubernetes {minor} in kubernetes-validate {schemas.version.__version__}",
                fix="update kubernetes-validate in the Pipfile, or set cluster.version to a version it knows",
            ) from error
        else:
            valid.append(name)
    if problems:
        raise ReleaseFailed("\n".join(problems), fix="correct the chart or the release's values")
    if not valid and not skipped:
        raise ReleaseFailed("nothing was rendered", fix="look at the chart's conditions and the release's values")
    return Checked(tuple(valid), tuple(skipped), frozenset(images))
