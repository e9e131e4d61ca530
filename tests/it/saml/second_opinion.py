"""What xmlsec1 and pysaml2 say of SAML responses.

The first line of the input is JSON: the provider's metadata, its certificate as PEM, the key that opens encrypted assertions
as PEM, the recipient and the audience. Each line after that is a response in base 64; the answer to it is a line of JSON:
whether xmlsec1 decrypted what is encrypted and verified every signature of the response and of the assertion in it, of which
there is at least one; the subject that pysaml2 read, or why it refused.

Both decrypt with xmlsec1, which knows the key transport of XML Encryption 1.0 only, and keys that stand in the data that they
open. Keys that come by the transport of 1.1 are opened here, with the package cryptography, and are handed to it by the other
one; keys that stand behind the data, where SAML has a place for them, are moved into it.
"""

import base64
import json
import logging
import pathlib
import subprocess
import sys
import tempfile
import warnings
from xml.etree import ElementTree

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

warnings.simplefilter("ignore")

from saml2 import BINDING_HTTP_POST
from saml2.client import Saml2Client
from saml2.config import SPConfig

logging.disable(logging.CRITICAL)
ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
STEP = "*[local-name()='{}']"
ENCRYPTION = "http://www.w3.org/2001/04/xmlenc#"
ENCRYPTION_11 = "http://www.w3.org/2009/xmlenc11#"
OAEP = ENCRYPTION + "rsa-oaep-mgf1p"
OAEP_11 = ENCRYPTION_11 + "rsa-oaep"
for prefix, namespace in [("saml", ASSERTION), ("samlp", PROTOCOL), ("ds", SIGNATURE), ("xenc", ENCRYPTION)]:
    ElementTree.register_namespace(prefix, namespace)


def client(setting, key_file):
    """A service provider that takes what AWS takes: unasked responses, signed in one place or the other."""
    config = SPConfig()
    config.load(
        {
            "entityid": setting["audience"],
            "xmlsec_binary": "/usr/bin/xmlsec1",
            "metadata": {"inline": [setting["metadata"]]},
            "encryption_keypairs": [{"key_file": str(key_file)}],
            "accepted_time_diff": 60,
            "service": {
                "sp": {
                    "endpoints": {"assertion_consumer_service": [(setting["recipient"], BINDING_HTTP_POST)]},
                    "allow_unsolicited": True,
                    "allow_unknown_attributes": True,
                    "want_assertions_signed": False,
                    "want_response_signed": False,
                    "want_assertions_or_response_signed": True,
                }
            },
        }
    )
    service = Saml2Client(config=config)
    key = serialization.load_pem_private_key(setting["key"].encode(), password=None)
    decrypt = service.sec.crypto.decrypt
    service.sec.crypto.decrypt = lambda text, file: decrypt(legible(text, key), file)
    return service, key


def oaep(hash):
    return padding.OAEP(mgf=padding.MGF1(hash), algorithm=hash, label=None)


def legible(text, key):
    """The document with keys that xmlsec1 can open, where there are others that this key opens."""
    text = text if isinstance(text, bytes) else text.encode()
    root = ElementTree.fromstring(text)
    beside = [it for it in root.iter(f"{{{ASSERTION}}}EncryptedAssertion") if it.find(f"{{{ENCRYPTION}}}EncryptedKey") is not None]
    if OAEP_11.encode() not in text and not beside:
        return text
    for sealed in beside:
        info = sealed.find(f"{{{ENCRYPTION}}}EncryptedData/{{{SIGNATURE}}}KeyInfo")
        for wrapped in sealed.findall(f"{{{ENCRYPTION}}}EncryptedKey") if info is not None else []:
            sealed.remove(wrapped)
            info.append(wrapped)
        for reference in info.findall(f"{{{SIGNATURE}}}RetrievalMethod") if info is not None else []:
            info.remove(reference)
    for wrapped in root.iter(f"{{{ENCRYPTION}}}EncryptedKey"):
        method = wrapped.find(f"{{{ENCRYPTION}}}EncryptionMethod")
        value = wrapped.find(f"{{{ENCRYPTION}}}CipherData/{{{ENCRYPTION}}}CipherValue")
        if method is None or value is None or method.get("Algorithm") != OAEP_11:
            continue
        parts = [(it.tag, it.get("Algorithm")) for it in method]
        known = [
            (f"{{{SIGNATURE}}}DigestMethod", ENCRYPTION + "sha256"),
            (f"{{{ENCRYPTION_11}}}MGF", ENCRYPTION_11 + "mgf1sha256"),
        ]
        if sorted(parts) != sorted(known):
            continue
        try:
            secret = key.decrypt(base64.b64decode("".join(value.itertext())), oaep(hashes.SHA256()))
        except ValueError:
            continue
        for part in list(method):
            method.remove(part)
        method.set("Algorithm", OAEP)
        value.text = base64.b64encode(key.public_key().encrypt(secret, oaep(hashes.SHA1()))).decode()
    return ElementTree.tostring(root, encoding="utf-8")


def pysaml2(service, response):
    try:
        read = service.parse_authn_request_response(response, BINDING_HTTP_POST)
        return (read.name_id.text, None) if read is not None and read.assertion else (None, "no assertion")
    except Exception as error:  # whatever it is, it is a refusal
        return None, f"{type(error).__name__}: {error}"[:500]


def places(text, *names):
    """Where signatures stand that count: right below the elements that these names lead to from the response."""
    found = [("/" + STEP.format("Response"), ElementTree.fromstring(text))]
    for name in names:
        steps = ((f"{path}/{STEP.format(name)}", parent.findall(f"{{{ASSERTION}}}{name}")) for path, parent in found)
        found = [(path, child) for path, children in steps for child in children]
    return {path for path, parent in found if parent.find(f"{{{SIGNATURE}}}Signature") is not None}


class Xmlsec1:
    """What xmlsec1 is asked about a response."""

    def __init__(self, folder, key):
        self.folder, self.key = folder, key

    def verifies(self, text, paths):
        file = self.folder / "response.xml"
        file.write_bytes(text)
        command = ["xmlsec1", "--verify", "--pubkey-cert-pem", str(self.folder / "certificate.pem")]
        command += ["--enabled-key-data", "key-name,rsa,ecdsa"]
        for name in [f"{ASSERTION}:Assertion", f"{PROTOCOL}:Response"]:
            command += ["--id-attr:ID", name]
        command.append("--node-xpath")
        ends = (subprocess.run([*command, f"{path}/{STEP.format('Signature')}", str(file)], capture_output=True) for path in paths)
        return all(end.returncode == 0 for end in ends)

    def decrypted(self, text):
        """The document with the first of what is encrypted in the clear."""
        file = self.folder / "encrypted.xml"
        file.write_bytes(legible(text, self.key))
        command = ["xmlsec1", "--decrypt", "--privkey-pem", str(self.folder / "key.pem"), "--id-attr:Id", "EncryptedKey"]
        path = "".join(f"/{STEP.format(name)}" for name in ["Response", "EncryptedAssertion", "EncryptedData"])
        return subprocess.run([*command, "--node-xpath", path, str(file)], capture_output=True, check=True).stdout

    def accepts(self, response):
        """Whether all is decrypted, and every signature holds, of which there is at least one. What covers encrypted data is
        verified before that is decrypted."""
        try:
            text = base64.b64decode(response, validate=True)
            outer = places(text) | places(text, "Assertion")
            if not self.verifies(text, outer):
                return False
            sealed = f"{{{ASSERTION}}}EncryptedAssertion/{{{ENCRYPTION}}}EncryptedData"
            while ElementTree.fromstring(text).find(sealed) is not None:
                text = self.decrypted(text)
            inner = places(text, "EncryptedAssertion", "Assertion")
            return bool(outer | inner) and self.verifies(text, inner)
        except (ValueError, ElementTree.ParseError, subprocess.CalledProcessError):
            return False


def main():
    setting = json.loads(sys.stdin.readline())
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "certificate.pem").write_text(setting["certificate"])
        (folder / "key.pem").write_text(setting["key"])
        service, key = client(setting, folder / "key.pem")
        other = Xmlsec1(folder, key)
        for line in sys.stdin:
            response = line.strip()
            subject, why = pysaml2(service, response)
            answer = {"xmlsec1": other.accepts(response), "pysaml2": subject, "why": why}
            print(json.dumps(answer), flush=True)


main()
