"""Issues the certificates of the embedded Kubernetes: one authority, and what its servers show each other."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from localcloud.files import write_atomically
from localcloud.kubernetes.node.addresses import API_SERVICE, NAME, NODE
from localcloud.kubernetes.node.certificates import Certificates
from localcloud.ports import HOST

_DAYS = 365
_SERVER, _CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
_API_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
_SERVICE_NAME = "kubernetes.default.svc.cluster.local"


def issue_all(files: Certificates) -> None:
    """Make and write all of them, that of the kubelet last; an old one of it goes first."""
    files.certificate("kubelet").unlink(missing_ok=True)
    issuer_key = ec.generate_private_key(ec.SECP256R1())
    issuer = _name("groundwork-laptop")
    authority = (
        _builder(issuer, issuer, issuer_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )
    _write(files, "ca", authority, issuer_key)
    for name, subject, group, usage, hosts in (
        ("apiserver", "kube-apiserver", "", _SERVER, (*_API_NAMES, _SERVICE_NAME, HOST, NODE, API_SERVICE)),
        # The kubelet asks the API server what this user may do; system:masters may do everything.
        ("apiserver-kubelet", "kube-apiserver-kubelet-client", "system:masters", _CLIENT, ()),
        ("front-proxy", "front-proxy-client", "", _CLIENT, ()),
        ("metrics-server", "metrics-server", "", _SERVER, ("metrics-server.kube-system.svc",)),
        ("kubelet", f"system:node:{NAME}", "system:nodes", _SERVER, (NAME, NODE)),
    ):
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(subject, group), issuer, key)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName(_hosts(hosts)), critical=False)
        _write(files, name, builder.sign(issuer_key, hashes.SHA256()), key)


def _write(files: Certificates, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    write_atomically(files.key(name), pem, mode=0o600)
    write_atomically(files.certificate(name), certificate.public_bytes(serialization.Encoding.PEM))


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=_DAYS))
    )


def _name(common: str, organisation: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common)]
    if organisation:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(parts)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, key_cert_sign=signs, crl_sign=signs, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _hosts(names: Iterable[str]) -> Sequence[x509.GeneralName]:
    return [_host(name) for name in names]


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
