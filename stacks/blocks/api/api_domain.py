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

from stacks.blocks.api.http_api import HttpApi
from stacks.blocks.api.rest_api import RestApi
from stacks.blocks.waivers import waive

_TLS = "TLS_1_2"


class DomainCertificate(Construct):
    """Zone and certificate for `name`; `zone_id` and `certificate_arn` bring along what exists, else they are made.

    A zone that is made has to be delegated to by its parent before the certificate can be issued: the first apply waits
    for that.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        zone_name: str,
        zone_id: str | None = None,
        certificate_arn: str | None = None,
        disposable: bool = False,
    ) -> None:
        super().__init__(scope, id_)
        self.name = name
        self.zone = None if zone_id else self._zone(zone_name, disposable=disposable)
        self.zone_id: str = zone_id or (self.zone.zone_id if self.zone else "")
        self.certificate_arn: str = certificate_arn or self._validated()

    def _zone(self, zone_name: str, *, disposable: bool) -> Route53Zone:
        zone = Route53Zone(
            self, "zone", name=zone_name, comment="Names of this environment's APIs", force_destroy=disposable
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

    def _validated(self) -> str:
        certificate = AcmCertificate(
            self,
            "certificate",
            domain_name=self.name,
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

    def point(self, scope: Construct, *, target: str, target_zone_id: str) -> Route53Record:
        """The name's record in the zone, an alias of API Gateway's own name."""
        return Route53Record(
            scope,
            "alias",
            zone_id=self.zone_id,
            name=self.name,
            type="A",
            alias=Route53RecordAlias(name=target, zone_id=target_zone_id, evaluate_target_health=False),
        )


class RestDomain(Construct):
    """Serves a REST API's stage under a name, below `base_path` where given; TLS 1.2 and later."""

    def __init__(
        self, scope: Construct, id_: str, *, api: RestApi, certificate: DomainCertificate, base_path: str | None = None
    ) -> None:
        super().__init__(scope, id_)
        self.domain = ApiGatewayDomainName(
            self,
            "domain",
            domain_name=certificate.name,
            regional_certificate_arn=certificate.certificate_arn,
            security_policy=_TLS,
            endpoint_configuration=ApiGatewayDomainNameEndpointConfiguration(types=["REGIONAL"]),
        )
        ApiGatewayBasePathMapping(
            self,
            "mapping",
            api_id=api.api.id,
            stage_name=api.stage.stage_name,
            domain_name=self.domain.domain_name,
            base_path=base_path,
        )
        certificate.point(self, target=self.domain.regional_domain_name, target_zone_id=self.domain.regional_zone_id)


class HttpDomain(Construct):
    """Serves an HTTP API's stage under a name, below `base_path` where given; TLS 1.2 and later."""

    def __init__(
        self, scope: Construct, id_: str, *, api: HttpApi, certificate: DomainCertificate, base_path: str | None = None
    ) -> None:
        super().__init__(scope, id_)
        self.domain = Apigatewayv2DomainName(
            self,
            "domain",
            domain_name=certificate.name,
            domain_name_configuration=Apigatewayv2DomainNameDomainNameConfiguration(
                certificate_arn=certificate.certificate_arn, endpoint_type="REGIONAL", security_policy=_TLS
            ),
        )
        Apigatewayv2ApiMapping(
            self,
            "mapping",
            api_id=api.api.id,
            stage=api.stage.name,
            domain_name=self.domain.domain_name,
            api_mapping_key=base_path,
        )
        configuration = self.domain.domain_name_configuration
        certificate.point(self, target=configuration.target_domain_name, target_zone_id=configuration.hosted_zone_id)
