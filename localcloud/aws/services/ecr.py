"""ECR: rules of the pull-through cache and templates for the repositories it makes, which moto lacks.

They are settings: nothing pulls images from here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from localcloud.aws.routing import Request, Response, Route, json_error, json_response

Body = dict[str, Any]
_RULE, _TEMPLATE = "pull-through-cache-rules", "repository-creation-templates"
# Members that Update… may change (ECR API reference).
_OF_A_RULE = ("credentialArn", "customRoleArn")
_OF_A_TEMPLATE = (
    "description", "encryptionConfiguration", "resourceTags", "imageTagMutability",
    "imageTagMutabilityExclusionFilters", "repositoryPolicy", "lifecyclePolicy", "appliedFor", "customRoleArn",
)  # fmt: skip


def handle(request: Request) -> Response | None:
    """The calls below; moto answers the others."""
    operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
    call = _CALLS.get(operation)
    return call(request, request.json()) if call else None


def create_rule(request: Request, body: Body) -> Response:
    """CreatePullThroughCacheRule."""
    prefix = body["ecrRepositoryPrefix"]
    if _key(_RULE, prefix) in request.store:
        return json_error("PullThroughCacheRuleAlreadyExistsException", f"A rule for {prefix} exists already")
    if problem := _unusable(request, body):
        return problem
    now = time.time()
    rule = {**body, "registryId": request.account, "createdAt": now, "updatedAt": now}
    request.store[_key(_RULE, prefix)] = rule
    return json_response(rule)


def update_rule(request: Request, body: Body) -> Response:
    """UpdatePullThroughCacheRule."""
    rule = request.store.get(_key(_RULE, body["ecrRepositoryPrefix"]))
    if rule is None:
        return _no_rule(body["ecrRepositoryPrefix"])
    if problem := _unusable(request, body):
        return problem
    rule.update({name: body[name] for name in _OF_A_RULE if name in body}, updatedAt=time.time())
    return json_response(rule)


def describe_rules(request: Request, body: Body) -> Response:
    """DescribePullThroughCacheRules: a prefix without a rule is an error."""
    wanted = body.get("ecrRepositoryPrefixes")
    rules = {rule["ecrRepositoryPrefix"]: rule for rule in request.items(_RULE)}
    if missing := [prefix for prefix in wanted or () if prefix not in rules]:
        return _no_rule(missing[0])
    return json_response({"pullThroughCacheRules": [rules[prefix] for prefix in wanted or rules]})


def delete_rule(request: Request, body: Body) -> Response:
    """DeletePullThroughCacheRule."""
    rule = request.store.pop(_key(_RULE, body["ecrRepositoryPrefix"]), None)
    return _no_rule(body["ecrRepositoryPrefix"]) if rule is None else json_response(rule)


def create_template(request: Request, body: Body) -> Response:
    """CreateRepositoryCreationTemplate."""
    prefix = body["prefix"]
    if _key(_TEMPLATE, prefix) in request.store:
        return json_error("TemplateAlreadyExistsException", f"A template for {prefix} exists already")
    needs_role = body.get("resourceTags") or body.get("encryptionConfiguration", {}).get("encryptionType") == "KMS"
    if needs_role and not body.get("customRoleArn"):
        # ECR user guide, "Creating a repository creation template": keys and tags need a role.
        return json_error("InvalidParameterException", "A template with a KMS key or tags needs customRoleArn")
    now = time.time()
    template = {"imageTagMutability": "MUTABLE", **body, "createdAt": now, "updatedAt": now}
    request.store[_key(_TEMPLATE, prefix)] = template
    return _template(request, template)


def update_template(request: Request, body: Body) -> Response:
    """UpdateRepositoryCreationTemplate."""
    template = request.store.get(_key(_TEMPLATE, body["prefix"]))
    if template is None:
        return _no_template(body["prefix"])
    template.update({name: body[name] for name in _OF_A_TEMPLATE if name in body}, updatedAt=time.time())
    return _template(request, template)


def describe_templates(request: Request, body: Body) -> Response:
    """DescribeRepositoryCreationTemplates: unknown prefixes are left out."""
    wanted = body.get("prefixes")
    templates = [each for each in request.items(_TEMPLATE) if not wanted or each["prefix"] in wanted]
    return json_response({"registryId": request.account, "repositoryCreationTemplates": templates})


def delete_template(request: Request, body: Body) -> Response:
    """DeleteRepositoryCreationTemplate."""
    template = request.store.pop(_key(_TEMPLATE, body["prefix"]), None)
    return _no_template(body["prefix"]) if template is None else _template(request, template)


def _unusable(request: Request, body: Body) -> Response | None:
    """The error for credentials that ECR could not read: it does so when a rule is made. None where it can.

    Source: the errors of CreatePullThroughCacheRule, and ECR user guide, "Storing your upstream repository credentials
    in an AWS Secrets Manager secret": only with AWS's own key. Which error an empty secret gets is not documented.
    """
    from moto.secretsmanager.models import secretsmanager_backends

    arn = body.get("credentialArn")
    if not arn:
        return None
    secret = secretsmanager_backends[request.account][request.region].secrets.get(arn)
    if secret is None or secret.is_deleted():
        return json_error("SecretNotFoundException", f"The secret {arn} does not exist")
    if not secret.versions:
        return json_error("UnableToAccessSecretException", f"The secret {secret.name} has no value")
    if secret.kms_key_id and not secret.kms_key_id.endswith("alias/aws/secretsmanager"):
        return json_error("UnableToDecryptSecretValueException", f"The secret {secret.name} has a key of its own")
    return None


def _key(kind: str, prefix: str) -> str:
    return f"{kind}/{prefix}"


def _template(request: Request, template: Body) -> Response:
    return json_response({"registryId": request.account, "repositoryCreationTemplate": template})


def _no_rule(prefix: str) -> Response:
    return json_error("PullThroughCacheRuleNotFoundException", f"There is no rule for {prefix}")


def _no_template(prefix: str) -> Response:
    return json_error("TemplateNotFoundException", f"There is no template for {prefix}")


_CALLS: dict[str, Callable[[Request, Body], Response]] = {
    "CreatePullThroughCacheRule": create_rule,
    "UpdatePullThroughCacheRule": update_rule,
    "DescribePullThroughCacheRules": describe_rules,
    "DeletePullThroughCacheRule": delete_rule,
    "CreateRepositoryCreationTemplate": create_template,
    "UpdateRepositoryCreationTemplate": update_template,
    "DescribeRepositoryCreationTemplates": describe_templates,
    "DeleteRepositoryCreationTemplate": delete_template,
}
ROUTES = (Route("ecr", "POST", "/", handle),)
