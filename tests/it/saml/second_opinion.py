"""What xmlsec1 and pysaml2 say of SAML responses.

The first line of the input is JSON: the provider's metadata, its certificate as PEM, the recipient and the audience. Each
line after that is a response in base 64; the answer to it is a line of JSON: whether xmlsec1 verified every signature of
the response and of the assertion in it, of which there is at least one; the subject that pysaml2 read, or why
it refused.
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

warnings.simplefilter("ignore")

from saml2 import BINDING_HTTP_POST
from saml2.client import Saml2Client
from saml2.config import SPConfig

logging.disable(logging.CRITICAL)
ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
STEP = "*[local-name()='{}']"


def client(setting):
    """A service provider that takes what AWS takes: unasked responses, signed in one place or the other."""
    config = SPConfig()
    config.load(
        {
            "entityid": setting["audience"],
            "xmlsec_binary": "/usr/bin/xmlsec1",
            "metadata": {"inline": [setting["metadata"]]},
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
    return Saml2Client(config=config)


def pysaml2(service, response):
    try:
        read = service.parse_authn_request_response(response, BINDING_HTTP_POST)
        return (read.name_id.text, None) if read is not None and read.assertion else (None, "no assertion")
    except Exception as error:  # whatever it is, it is a refusal
        return None, f"{type(error).__name__}: {error}"[:500]


def places(text):
    """Where signatures stand that count: right below the response, and right below an assertion of it."""
    root = ElementTree.fromstring(text)
    response = "/" + STEP.format("Response")
    parents = [(response, root)]
    parents += [(response + "/" + STEP.format("Assertion"), it) for it in root.findall(f"{{{ASSERTION}}}Assertion")]
    return {path for path, parent in parents if parent.find(f"{{{SIGNATURE}}}Signature") is not None}


def xmlsec1(folder, response):
    try:
        text = base64.b64decode(response, validate=True)
        paths = places(text)
    except (ValueError, ElementTree.ParseError):
        return False
    file = folder / "response.xml"
    file.write_bytes(text)
    command = ["xmlsec1", "--verify", "--pubkey-cert-pem", str(folder / "key.pem"), "--enabled-key-data", "key-name,rsa,ecdsa"]
    for name in [f"{ASSERTION}:Assertion", f"{PROTOCOL}:Response"]:
        command += ["--id-attr:ID", name]
    command.append("--node-xpath")
    ends = (subprocess.run([*command, f"{path}/{STEP.format('Signature')}", str(file)], capture_output=True) for path in paths)
    return bool(paths) and all(end.returncode == 0 for end in ends)


def main():
    setting = json.loads(sys.stdin.readline())
    service = client(setting)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "key.pem").write_text(setting["certificate"])
        for line in sys.stdin:
            response = line.strip()
            subject, why = pysaml2(service, response)
            answer = {"xmlsec1": xmlsec1(folder, response), "pysaml2": subject, "why": why}
            print(json.dumps(answer), flush=True)


main()
