"""API Gateway → Lambda: POST /populate puts a file into the archive account's bucket."""

from __future__ import annotations

from cdktf import TerraformOutput
from constructs import Construct

from groundwork.packaging import Package, Target, host_target
from stacks import packages
from stacks.account import AccountStack
from stacks.blocks.api import api_rules
from stacks.blocks.api.api_alarms import ApiAlarms, ApiMetrics
from stacks.blocks.api.api_domain import DomainCertificate, HttpDomain, RestDomain
from stacks.blocks.api.api_endpoint import Route, Throttle
from stacks.blocks.api.function_network import FunctionNetwork
from stacks.blocks.api.http_api import HttpApi, Tokens
from stacks.blocks.api.lambda_function import LambdaFunction, Limits
from stacks.blocks.api.rest_api import RestApi
from stacks.blocks.api.signed_code import SignedCode
from stacks.blocks.api.usage_plan import UsagePlan
from stacks.blocks.api.web_acl import LOG_PREFIX, WebAcl
from stacks.blocks.errors import IllegalComposition
from stacks.blocks.secrets.secret_container import SecretContainer
from stacks.blocks.security.encryption_key import EncryptionKey, logs_key_use
from stacks.blocks.storage.archive_bucket import write_access
from stacks.blocks.storage.idempotency_table import IdempotencyTable
from stacks.blocks.waivers import waive
from stacks.network import NetworkStack
from stacks.platform_stack import PlatformStack
from stacks.values import Environment
from stacks.values.api import Alarms

FUNCTION = "populate"
# What the function reads (lambda_src/populate/models.py), in the draft of JSON Schema that API Gateway knows.
REQUEST_SCHEMA = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "title": "PopulateRequest",
    "type": ["object", "null"],
    "additionalProperties": False,
    "properties": {
        "records": {"type": ["integer", "null"], "minimum": 1, "maximum": 1000},
        "seed": {"type": ["integer", "null"], "minimum": 0, "maximum": 2**63 - 1},
    },
}


class ApiStack(PlatformStack):
    """The function, its table of earlier requests, and the API in front, as `environment.api` says.

    `network` is needed where the function runs in the VPC. `account` is the stack that sets API Gateway's log role,
    where this environment makes it. Raises IllegalComposition for values that AWS cannot combine, see
    `blocks/api_rules.py`.
    """

    def __init__(
        self,
        scope: Construct,
        environment: Environment,
        *,
        network: NetworkStack | None,
        account: AccountStack | None = None,
        package_source: packages.PackageSource = packages.built,
    ) -> None:
        api_rules.check(environment)
        super().__init__(scope, environment, "api")
        values = environment.api
        if account and values.kind == "rest" and environment.singletons.api_gateway_logs_role:
            # Nothing of it is read, but a REST API's stage cannot log before the account's role is set.
            self.add_dependency(account)
        self.name = self.names.of("api")
        self.route = Route(stage=values.stage, method="POST", path="/populate")
        self.throttle = Throttle(rate=values.throttle.rate, burst=values.throttle.burst)
        self.key = self._encryption_key()
        self.table = IdempotencyTable(
            self,
            "requests",
            aws=self.aws,
            table_name=self.names.of("populate-requests"),
            key=self.key,
        )
        self.secret = self._listings_secret() if values.function.source == "listings" else None
        self.function = self._function(network, package_source)
        self._grant()
        self.api: RestApi | HttpApi = self._rest() if values.kind == "rest" else self._http()
        self._outputs(self._domain())
        if values.alarms:
            self.alarms = self._alarms(values.alarms)

    @property
    def _default_endpoint(self) -> bool:
        domain = self.environment.api.domain
        return domain is None or domain.keep_default_endpoint

    def _encryption_key(self) -> EncryptionKey:
        return EncryptionKey(
            self,
            "encryption",
            aws=self.aws,
            alias=self.names.alias("api"),
            description=f"API {self.name}: logs, environment, table",
            statements=[
                logs_key_use(
                    self.aws,
                    f"/aws/lambda/{self.names.populate_function}",
                    f"/aws/apigateway/{self.name}",
                    f"{LOG_PREFIX}{self.name}",
                    # API Gateway puts the API's id, which is not known yet, into the name.
                    f"API-Gateway-Execution-Logs_*/{self.environment.api.stage}",
                )
            ],
        )

    def _listings_secret(self) -> SecretContainer:
        return SecretContainer(
            self,
            "listings",
            aws=self.aws,
            name=self.names.of("listings"),
            description='Key of the listings API: {"api_key": "…"}',
            key=self.key,
        )

    def _function(self, network: NetworkStack | None, package_source: packages.PackageSource) -> LambdaFunction:
        environment, values = self.environment, self.environment.api.function
        target = _target(values.runtime, values.architecture)
        package = package_source(FUNCTION, target)
        described = packages.described(FUNCTION)
        variables = self._variables()
        described.check_environment(variables)
        return LambdaFunction(
            self,
            "populate",
            aws=self.aws,
            name=self.names.populate_function,
            description="Puts a file of records into the archive",
            package=package,
            target=target,
            handler=described.handler,
            environment=variables,
            key=self.key,
            limits=Limits(
                memory_mb=values.memory_mb,
                timeout_seconds=values.timeout_seconds,
                reserved_concurrency=values.reserved_concurrency,
                provisioned_concurrency=values.provisioned_concurrency,
            ),
            network=self._function_network(network) if values.in_vpc else None,
            previous_version=values.previous_version,
            log_level=values.log_level,
            log_days=environment.api.log_days,
            signed=self._signed_code(package) if values.signing_profile_arns else None,
        )

    def _signed_code(self, package: Package) -> SignedCode:
        return SignedCode(
            self,
            "signed_code",
            aws=self.aws,
            function_name=self.names.populate_function,
            package=package,
            profile_arns=self.environment.api.function.signing_profile_arns,
            bucket_name=self.names.bucket("code"),
            log_bucket_name=self.names.access_log_bucket,
            key=self.key,
        )

    def _function_network(self, network: NetworkStack | None) -> FunctionNetwork:
        if network is None:
            raise IllegalComposition(
                "api.function.in_vpc", "the stack was given no network", "pass the network, or write `in_vpc: false`"
            )
        return FunctionNetwork(
            self,
            "function_network",
            aws=self.aws,
            name=self.names.populate_function,
            vpc_id=network.vpc_id,
            subnet_ids=network.private_subnet_ids,
            internet=self.environment.api.function.source == "listings",
        )

    def _variables(self) -> dict[str, str]:
        environment, values = self.environment, self.environment.api
        variables = {
            "API_FLAVOUR": values.kind,
            "ARCHIVE_BUCKET": self.names.archive_bucket,
            "ARCHIVE_ACCOUNT_ID": environment.accounts.archive.id,
            "ARCHIVE_REGION": environment.region,
            "ARCHIVE_PREFIX": environment.archive.prefix.strip("/"),
            "ARCHIVE_KMS_KEY_ARN": self.names.archive_key_alias_arn,
            "IDEMPOTENCY_TABLE": self.table.table.name,
            "SOURCE": values.function.source,
            "DEFAULT_RECORDS": str(values.function.default_records),
            "POWERTOOLS_SERVICE_NAME": FUNCTION,
            "POWERTOOLS_METRICS_NAMESPACE": self.names.prefix,
            "POWERTOOLS_LOG_LEVEL": values.function.log_level,
        }
        if self.secret:
            variables["LISTINGS_SECRET_ARN"] = self.secret.secret.arn
        if values.domain and values.domain.base_path:
            variables["API_BASE_PATH"] = values.domain.base_path
        return variables

    def _grant(self) -> None:
        role, environment = self.function.role, self.environment
        role.allow("remember-requests", *self.table.use())
        role.allow(
            "write-archive",
            *write_access(
                self.names.archive_aws,
                bucket_name=self.names.archive_bucket,
                prefix=environment.archive.prefix,
                key_alias=self.names.alias("archive"),
            ),
        )
        if self.secret:
            role.allow("read-listings-key", *self.secret.read())

    def _rest(self) -> RestApi:
        values = self.environment.api
        assert values.authorisation != "jwt"  # noqa: S101 - api_rules refused it; this tells mypy
        api = RestApi(
            self,
            "rest",
            aws=self.aws,
            name=self.name,
            route=self.route,
            function=self.function,
            authorisation=values.authorisation,
            request_schema=REQUEST_SCHEMA,
            throttle=self.throttle,
            key=self.key,
            allowed_cidrs=values.allowed_cidrs,
            default_endpoint=self._default_endpoint,
            log_days=values.log_days,
        )
        if values.waf:
            self.web_acl = WebAcl(
                self,
                "firewall",
                name=self.name,
                resource_arn=api.stage.arn,
                requests_per_address=values.waf_limits.requests_per_address,
                key=self.key,
                log_days=values.log_days,
            )
        else:
            waive(
                api.stage,
                "CKV2_AWS_29",
                reason="No firewall by value (waf: false): calls are limited by authorisation and throttle instead.",
            )
        if values.authorisation == "api_key":
            plan = UsagePlan(
                self,
                "callers",
                name=self.name,
                api=api,
                throttle=self.throttle,
                quota=values.quota.requests,
                per=values.quota.per,
            )
            TerraformOutput(self, "usage_plan_id", value=plan.plan.id)
        return api

    def _http(self) -> HttpApi:
        values = self.environment.api
        assert values.authorisation != "api_key"  # noqa: S101 - api_rules refused it; this tells mypy
        tokens = (
            Tokens(issuer=values.jwt.issuer, audience=values.jwt.audience, scopes=values.jwt.scopes)
            if values.jwt
            else None
        )
        return HttpApi(
            self,
            "http",
            name=self.name,
            route=self.route,
            function=self.function,
            authorisation=values.authorisation,
            throttle=self.throttle,
            key=self.key,
            tokens=tokens,
            default_endpoint=self._default_endpoint,
            log_days=values.log_days,
        )

    def _alarms(self, values: Alarms) -> ApiAlarms:
        stage = self.route.stage
        return ApiAlarms(
            self,
            "alarms",
            aws=self.aws,
            name=self.name,
            function_name=self.function.function_name,
            timeout_seconds=self.environment.api.function.timeout_seconds,
            api=ApiMetrics.rest(name=self.name, stage=stage)
            if isinstance(self.api, RestApi)
            else ApiMetrics.http(api_id=self.api.api.id, stage=stage),
            errors=values.errors,
            slow_percent=values.slow_percent,
            notify_arns=values.notify_arns,
        )

    def _domain(self) -> str | None:
        """Where the API answers under its own name; None without one."""
        domain = self.environment.api.domain
        if domain is None:
            return None
        certificate = DomainCertificate(
            self,
            "domain",
            name=domain.name,
            zone_name=domain.zone,
            zone_id=domain.zone_id,
            certificate_arn=domain.certificate_arn,
            disposable=not self.environment.protect,
        )
        if isinstance(self.api, RestApi):
            RestDomain(self, "rest_domain", api=self.api, certificate=certificate, base_path=domain.base_path)
        else:
            HttpDomain(self, "http_domain", api=self.api, certificate=certificate, base_path=domain.base_path)
        if certificate.zone:
            TerraformOutput(self, "name_servers", value=certificate.zone.name_servers)
        return "/".join(filter(None, [f"https://{domain.name}", domain.base_path]))

    def _outputs(self, own_address: str | None) -> None:
        address = self.api.url if own_address is None else own_address
        for name, value in {
            "api_id": self.api.api.id,
            "stage": self.route.stage,
            "route": str(self.route),
            "endpoint": f"{address}{self.route.path}",
            "invoke_url": f"{self.api.url}{self.route.path}",
            "custom_domain": self.environment.api.domain.name if self.environment.api.domain else "",
            "function_name": self.function.function_name,
            "archive_bucket": self.names.archive_bucket,
            "archive_prefix": self.environment.archive.prefix,
        }.items():
            output = TerraformOutput(self, f"{name}_output", value=value)
            output.override_logical_id(name)


def _target(runtime: str, architecture: str) -> Target:
    """`host` stands for what runs here; api_rules lets it through for the laptop alone."""
    return Target(
        host_target().runtime if runtime == "host" else runtime,
        host_target().architecture if architecture == "host" else architecture,
    )
