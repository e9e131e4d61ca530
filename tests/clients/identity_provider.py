"""A real identity provider for tests, npm's oidc-provider, behind a certificate of an authority of its own."""

import base64
import contextlib
import datetime
import http.client
import json
import pathlib
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.parse
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HERE = pathlib.Path(__file__).parent
HOST, AUDIENCE = "idp.example.com", "sts.amazonaws.com"


@dataclass
class IdentityProvider:
    port: int
    authority: str
    thumbprint: str

    def token(self, resource="urn:usual"):
        """An access token of the client, as its program gets it."""
        form = urllib.parse.urlencode({"grant_type": "client_credentials", "resource": resource})
        secret = base64.b64encode(b"reports:reports-secret").decode()
        headers = {"Authorization": f"Basic {secret}", "Content-Type": "application/x-www-form-urlencoded"}
        return json.loads(self.ask("POST", "/token", form, headers))["access_token"]

    def ask(self, method, path, body=None, headers={}):
        connection = http.client.HTTPSConnection(HOST, context=ssl.create_default_context(cafile=self.authority), timeout=30)
        connection._create_connection = lambda *_: socket.create_connection(("127.0.0.1", self.port), 30)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status != 200:
            raise RuntimeError(f"the identity provider answers {answer.status} to {path}: {text}")
        return text

    def settings(self):
        """Lines of a configuration by which a gateway finds it, and trusts its authority."""
        return f'''[oidc]
ca_file = "{self.authority}"
addresses = {{ "https://{HOST}" = "127.0.0.1:{self.port}" }}
'''

    @contextlib.contextmanager
    def tokens(self):
        """A folder with a token of each kind."""
        with tempfile.TemporaryDirectory(prefix="countersign-tokens-") as folder:
            for name, resource in (("expired", "urn:short"), ("usual", "urn:usual"), ("elliptic", "urn:elliptic")):
                pathlib.Path(folder, name).write_text(self.token(resource))
            time.sleep(2)
            yield folder


def certificates(folder):
    """An authority, and a certificate of it for the provider's host."""
    now = datetime.datetime.now(datetime.timezone.utc)

    def name(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def made(subject, issuer, public, signer, extension):
        builder = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer)).public_key(public)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        return builder.not_valid_after(now + datetime.timedelta(days=1)).add_extension(extension, True).sign(signer, hashes.SHA256())

    top, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = made("authority", "authority", top.public_key(), top, x509.BasicConstraints(True, None))
    shown = made(HOST, "authority", own.public_key(), top, x509.SubjectAlternativeName([x509.DNSName(HOST)]))
    pem = serialization.Encoding.PEM
    key = own.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pathlib.Path(folder, "authority.pem").write_bytes(authority.public_bytes(pem))
    pathlib.Path(folder, "chain.pem").write_bytes(shown.public_bytes(pem) + authority.public_bytes(pem))
    pathlib.Path(folder, "key.pem").write_bytes(key)
    # What AWS calls a thumbprint.
    return authority.fingerprint(hashes.SHA1()).hex()


@contextlib.contextmanager
def identity_provider():
    with tempfile.TemporaryDirectory(prefix="countersign-provider-") as folder:
        thumbprint = certificates(folder)
        command = ["node", str(HERE / "identity_provider.mjs"), f"https://{HOST}", f"{folder}/chain.pem", f"{folder}/key.pem", AUDIENCE]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            said = process.stdout.readline().split()
            if said[:1] != ["ready"]:
                raise RuntimeError("the identity provider did not start")
            yield IdentityProvider(int(said[1]), f"{folder}/authority.pem", thumbprint)
        finally:
            process.stdin.close()
            process.wait(timeout=60)
