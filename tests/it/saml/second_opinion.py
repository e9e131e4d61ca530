"""What xmlsec1 and pysaml2 say of SAML responses.

The first line of the input is JSON: the provider's metadata, its certificate as PEM, the recipient and the audience. Each
line after that is a response in base 64; the answer to it is a line of JSON: whether xmlsec1 verified every signature of
the response and of the assertion in it, of which there is at least one; whether pysaml2 accepted the response; and the
subject that pysaml2 read.
"""

import base64
import json
import logging
import pathlib
import subprocess
import sys
import tempfile
import warnings

warnings.simplefilter("ignore")

from saml2 import BINDING_HTTP_POST
from saml2.client import Saml2Client
from saml2.config import SPConfig

logging.disable(logging.CRITICAL)
ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
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
        return None if read is None or not read.assertion else read.name_id.text
    except Exception as error:  # whatever it is, it is a refusal
        return None


def xmlsec1(folder, response):
    try:
        text = base64.b64decode(response, validate=True)
    except ValueError:
        return False
    file = folder / "response.xml"
    file.write_bytes(text)
    paths = ["/" + STEP.format("Response"), "/" + STEP.format("Response") + "/" + STEP.format("Assertion")]
    verdicts = []
    for path in paths:
        path += "/" + STEP.format("Signature")
        command = ["xmlsec1", "--verify", "--enabled-key-data", "key-name,rsa,ecdsa", "--id-attr:ID", f"{ASSERTION}:Assertion"]
        command += ["--id-attr:ID", f"{PROTOCOL}:Response", "--pubkey-cert-pem", str(folder / "key.pem")]
        done = subprocess.run(command + ["--node-xpath", path, str(file)], capture_output=True, check=False)
        is_absent = b"xmlXPathEvalExpression" in done.stderr or b"evaluate xpath" in done.stderr or b"node-xpath" in done.stderr
        verdicts.append((done.returncode == 0, is_absent, done.stderr))
    return verdicts


def main():
    setting = json.loads(sys.stdin.readline())
    service = client(setting)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "key.pem").write_text(setting["certificate"])
        for line in sys.stdin:
            response = line.strip()
            answer = {"xmlsec1": xmlsec1(folder, response), "pysaml2": pysaml2(service, response)}
            print(json.dumps(answer, default=repr), flush=True)


main()
