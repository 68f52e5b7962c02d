"""A name of our own for an API: its zone, its certificate, and where the name points."""

from __future__ import annotations

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.acm_certificate import AcmCertificate
from cdktf_cdktf_provider_aws.acm_certificate_validation import AcmCertificateValidation
from cdktf_cdktf_provider_aws.api_gateway_base_path_mapping import ApiGatewayBasePathMapping
from cdktf_cdktf_provider_aws.api_gateway_domain_name import (
    ApiGatewayDomainName,
    ApiGatewayDomainNameEndpointConfiguration,
)
from cdktf_cdktf_provider_aws.apigatewayv2_api_mapping import Apigatewayv2ApiMapping
from cdktf_cdktf_provider_aws.apigatewayv2_domain_name import (
    Apigatewayv2DomainName,
    Apigatewayv2DomainNameDomainNameConfiguration,
)
from cdktf_cdktf_provider_aws.route53_record import Route53Record, Route53RecordAlias
from cdktf_cdktf_provider_aws.route53_zone import Route53Zone
from constructs import Construct

from stacks.blocks.api.api_endpoint import ApiEndpoint
from stacks.blocks.api.rest_api import RestApi
from stacks.blocks.waivers import waive
from stacks.values import AwsScope
from stacks.values.api import Domain

_TLS = "TLS_1_2"


class DomainCertificate(Construct):
    """Zone and certificate for a name; those that `values` name exist, others are made.

    A new zone has to be delegated to by its parent before the certificate can be issued: the first apply waits for
    that. Unless `aws` protects, a destroy takes the zone's records along.
    """

    def __init__(self, scope: Construct, id_: str, *, aws: AwsScope, values: Domain) -> None:
        super().__init__(scope, id_)
        self.zone = None if values.zone_id else self._zone(values.zone, aws)
        self.zone_id: str = values.zone_id or (self.zone.zone_id if self.zone else "")
        self.certificate_arn: str = values.certificate_arn or self._validated(values.name)

    def _zone(self, name: str, aws: AwsScope) -> Route53Zone:
        zone = Route53Zone(
            self, "zone", name=name, comment="Names of this environment's APIs", force_destroy=not aws.protect
        )
        waive(
            zone,
            "CKV2_AWS_38",
            reason=(
                "DNSSEC needs a DS record in the parent zone, which this stack does not hold; signing without it "
                "proves nothing, and a wrong one takes the name off the net."
            ),
        )
        waive(
            zone,
            "CKV2_AWS_39",
            reason=(
                "Route53 logs queries to us-east-1 only, outside the region that the environment's data stays in; "
                "requests themselves are in the API's access log."
            ),
        )
        return zone

    def _validated(self, name: str) -> str:
        certificate = AcmCertificate(
            self,
            "certificate",
            domain_name=name,
            validation_method="DNS",
            # A new certificate has to be in use before the old one can go.
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        proof = certificate.domain_validation_options.get(0)
        record = Route53Record(
            self,
            "proof",
            zone_id=self.zone_id,
            name=proof.resource_record_name,
            type=proof.resource_record_type,
            records=[proof.resource_record_value],
            ttl=300,
            # ACM asks for the same record for every certificate of a name.
            allow_overwrite=True,
        )
        validation = AcmCertificateValidation(
            self, "validation", certificate_arn=certificate.arn, validation_record_fqdns=[record.fqdn]
        )
        arn: str = validation.certificate_arn
        return arn


class ApiDomain(Construct):
    """Serves an API's stage under the certificate's name, below its base path; TLS 1.2 and later. `url` is where."""

    def __init__(
        self, scope: Construct, id_: str, *, values: Domain, api: ApiEndpoint, certificate: DomainCertificate
    ) -> None:
        super().__init__(scope, id_)
        self.url = "/".join(filter(None, [f"https://{values.name}", values.base_path]))
        serve = self._serve_rest if isinstance(api, RestApi) else self._serve_http
        target, target_zone_id = serve(values, api, certificate.certificate_arn)
        Route53Record(
            self,
            "alias",
            zone_id=certificate.zone_id,
            name=values.name,
            type="A",
            alias=Route53RecordAlias(name=target, zone_id=target_zone_id, evaluate_target_health=False),
        )

    def _serve_rest(self, values: Domain, api: ApiEndpoint, certificate_arn: str) -> tuple[str, str]:
        domain = ApiGatewayDomainName(
            self,
            "domain",
            domain_name=values.name,
            regional_certificate_arn=certificate_arn,
            security_policy=_TLS,
            endpoint_configuration=ApiGatewayDomainNameEndpointConfiguration(types=["REGIONAL"]),
        )
        ApiGatewayBasePathMapping(
            self,
            "mapping",
            api_id=api.api.id,
            stage_name=api.stage.stage_name,
            domain_name=domain.domain_name,
            base_path=values.base_path,
        )
        return domain.regional_domain_name, domain.regional_zone_id

    def _serve_http(self, values: Domain, api: ApiEndpoint, certificate_arn: str) -> tuple[str, str]:
        domain = Apigatewayv2DomainName(
            self,
            "domain",
            domain_name=values.name,
            domain_name_configuration=Apigatewayv2DomainNameDomainNameConfiguration(
                certificate_arn=certificate_arn, endpoint_type="REGIONAL", security_policy=_TLS
            ),
        )
        Apigatewayv2ApiMapping(
            self,
            "mapping",
            api_id=api.api.id,
            stage=api.stage.name,
            domain_name=domain.domain_name,
            api_mapping_key=values.base_path,
        )
        configuration = domain.domain_name_configuration
        return configuration.target_domain_name, configuration.hosted_zone_id
