"""Certificates for servers of tests: of an authority that only the test trusts."""

from dataclasses import dataclass, field
from pathlib import Path

import trustme

from tests.support.servers import KeptPort


@dataclass(frozen=True, slots=True)
class Certificates:
    """A key and a certificate for 127.0.0.1, in files of `folder`."""

    folder: Path
    _kept: KeptPort = field(default_factory=KeptPort)

    def __post_init__(self) -> None:
        authority = trustme.CA()
        issued = authority.issue_cert("127.0.0.1")
        authority.cert_pem.write_to_path(self.authority)
        issued.private_key_pem.write_to_path(self.folder / "key.pem")
        issued.cert_chain_pems[0].write_to_path(self.folder / "certificate.pem")

    @property
    def tls_port(self) -> int:
        return self._kept.number

    @property
    def authority(self) -> Path:
        return self.folder / "authority.pem"

    def redis_options(self) -> list[str]:
        """For a Redis that speaks TLS on a port beside its plain one."""
        files = ["--tls-cert-file", f"{self.folder}/certificate.pem", "--tls-key-file", f"{self.folder}/key.pem"]
        trust = ["--tls-ca-cert-file", str(self.authority), "--tls-auth-clients", "no"]
        return ["--tls-port", str(self.tls_port), *files, *trust]

    def redis_url(self) -> str:
        return f"rediss://127.0.0.1:{self.tls_port}/0?ssl_ca_certs={self.authority}"
