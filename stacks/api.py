"""API Gateway → Lambda: POST /populate puts a file into the archive account's bucket."""

from __future__ import annotations

from cdktf import TerraformOutput
from constructs import Construct

from groundwork.packaging import Package
from stacks import packages
from stacks.account import AccountStack
from stacks.blocks.api import api_rules, populate_function
from stacks.blocks.api.api_alarms import ApiAlarms
from stacks.blocks.api.api_domain import ApiDomain, DomainCertificate
from stacks.blocks.api.api_endpoint import Route, log_groups
from stacks.blocks.api.function_network import FunctionNetwork
from stacks.blocks.api.http_api import HttpApi
from stacks.blocks.api.lambda_function import LambdaFunction
from stacks.blocks.api.rest_api import RestApi
from stacks.blocks.api.signed_code import SignedCode
from stacks.blocks.api.usage_plan import UsagePlan
from stacks.blocks.api.web_acl import WebAcl
from stacks.blocks.errors import IllegalComposition
from stacks.blocks.secrets.secret_container import SecretContainer
from stacks.blocks.security.encryption_key import logs_key_use, make_or_use
from stacks.blocks.storage.archive_bucket import write_access
from stacks.blocks.storage.idempotency_table import IdempotencyTable
from stacks.network import NetworkStack
from stacks.platform_stack import PlatformStack
from stacks.values import Environment

ROUTE = Route(method="POST", path="/populate")


class ApiStack(PlatformStack):
    """The function, its table of earlier requests, and the API in front, as `environment.api` says.

    `network` is needed where the function runs in the VPC. `account` is the stack that sets API Gateway's log role,
    where this environment makes it. Raises IllegalComposition for values that AWS cannot combine, see
    `blocks/api/api_rules.py`.
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
        self.name, self.function_name = self.names.of("api"), self.names.populate_function
        self.key = make_or_use(
            self,
            "encryption",
            existing=environment.keys.api,
            aws=self.aws,
            alias=self.names.alias("api"),
            description=f"API {self.name}: logs, environment, table",
            statements=[
                logs_key_use(self.aws, f"/aws/lambda/{self.function_name}", *log_groups(self.name, values.stage))
            ],
        )
        self.table = IdempotencyTable(
            self, "requests", aws=self.aws, table_name=self.names.of("populate-requests"), key=self.key
        )
        self.secret = self._listings_secret() if values.function.source == "listings" else None
        self.function = self._function(network, package_source)
        self.api = self._rest() if values.kind == "rest" else self._http()
        self._add_outputs(address=self._domain())
        if values.alarms:
            topic = self.names.alert_topic_arn
            notify = values.alarms.notify_arns or ([topic] if topic else [])
            ApiAlarms(self, "alarms", aws=self.aws, values=values.alarms, api=self.api, notify_arns=notify)

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
        values = self.environment.api.function
        target = populate_function.target(values)
        package = package_source(populate_function.FUNCTION, target)
        described = packages.described(populate_function.FUNCTION)
        variables = populate_function.variables(
            self.names, table=self.table.table.name, secret_arn=self.secret.secret.arn if self.secret else None
        )
        described.check_environment(variables)
        function = LambdaFunction(
            self,
            "populate",
            aws=self.aws,
            name=self.function_name,
            description="Puts a file of records into the archive",
            values=values,
            package=package,
            target=target,
            handler=described.handler,
            environment=variables,
            key=self.key,
            network=self._function_network(network) if values.in_vpc else None,
            traced=self._reaches_xray(),
            log_days=self.environment.api.log_days,
            signed=self._signed_code(package) if values.signing_profile_arns else None,
        )
        function.role.allow("remember-requests", *self.table.use())
        function.role.allow("write-archive", *write_access(self.names))
        if self.secret:
            function.role.allow("read-listings-key", *self.secret.read())
        return function

    def _function_network(self, network: NetworkStack | None) -> FunctionNetwork:
        if network is None:
            raise IllegalComposition(
                "api.function.in_vpc", "the stack was given no network", "pass the network, or write `in_vpc: false`"
            )
        return FunctionNetwork(
            self,
            "function_network",
            aws=self.aws,
            name=self.function_name,
            vpc_id=network.vpc_id,
            subnet_ids=network.private_subnet_ids,
            internet=self._needs_internet,
            endpoints_cidr=network.vpc_cidr if self._has_xray_endpoint else None,
        )

    @property
    def _needs_internet(self) -> bool:
        return self.environment.api.function.source == "listings"

    @property
    def _has_xray_endpoint(self) -> bool:
        return "xray" in self.environment.network.interfaces

    def _reaches_xray(self) -> bool:
        """Whether traces get anywhere: a function in the VPC has no other way out than its security group's."""
        return not self.environment.api.function.in_vpc or self._needs_internet or self._has_xray_endpoint

    def _signed_code(self, package: Package) -> SignedCode:
        return SignedCode(
            self,
            "signed_code",
            aws=self.aws,
            function_name=self.function_name,
            package=package,
            profile_arns=self.environment.api.function.signing_profile_arns,
            bucket_name=self.names.bucket("code"),
            log_bucket_name=self.names.access_log_bucket,
            key=self.key,
        )

    def _rest(self) -> RestApi:
        values = self.environment.api
        api = RestApi(
            self,
            "rest",
            aws=self.aws,
            name=self.name,
            values=values,
            route=ROUTE,
            function=self.function,
            request_schema=populate_function.REQUEST_SCHEMA,
            key=self.key,
        )
        if values.waf:
            WebAcl(self, "firewall", name=self.name, values=values, resource_arn=api.stage.arn, key=self.key)
        if values.authorisation == "api_key":
            plan = UsagePlan(self, "callers", api=api)
            TerraformOutput(self, "usage_plan_id", value=plan.plan.id)
        return api

    def _http(self) -> HttpApi:
        values = self.environment.api
        return HttpApi(self, "http", name=self.name, values=values, route=ROUTE, function=self.function, key=self.key)

    def _domain(self) -> str:
        """Where callers find the API: under its own name, or under AWS's."""
        values = self.environment.api
        if values.domain is None:
            return self.api.url
        certificate = DomainCertificate(self, "domain", aws=self.aws, values=values.domain)
        if certificate.zone:
            TerraformOutput(self, "name_servers", value=certificate.zone.name_servers)
        return ApiDomain(self, f"{values.kind}_domain", values=values.domain, api=self.api, certificate=certificate).url

    def _add_outputs(self, *, address: str) -> None:
        values = self.environment.api
        self.add_outputs(
            api_id=self.api.api.id,
            stage=values.stage,
            route=str(ROUTE),
            endpoint=f"{address}{ROUTE.path}",
            invoke_url=f"{self.api.url}{ROUTE.path}",
            custom_domain=values.domain.name if values.domain else "",
            function_name=self.function_name,
            archive_bucket=self.names.archive_bucket,
            archive_prefix=self.environment.archive.prefix,
        )
