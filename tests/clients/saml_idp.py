"""A SAML identity provider: pysaml2's, with a key that is made for the moment and lost with the folder."""

import base64
import datetime
import functools
import logging
import pathlib
import warnings

warnings.simplefilter("ignore")

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
import saml2.entity
from saml2 import sigver, xmldsig
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_PERSISTENT, NAME_FORMAT_URI, NameID
from saml2.server import Server

logging.getLogger("saml2").setLevel(logging.CRITICAL)
ATTRIBUTE = "https://aws.amazon.com/SAML/Attributes/"
AUDIENCE = "urn:amazon:webservices"
RECIPIENT = "https://signin.aws.amazon.com/saml"
# What AWS says of itself, as far as an identity provider looks at it.
OF_AWS = f"""<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{AUDIENCE}">
  <md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:AssertionConsumerService index="1" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{RECIPIENT}"/>
  </md:SPSSODescriptor>
</md:EntityDescriptor>"""


def pair(name):
    """A private key and a certificate for it, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(),
                                          now, now + datetime.timedelta(days=1)).sign(key, hashes.SHA256())
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()


class Provider:
    def __init__(self, folder, entity_id="https://idp.example.com/metadata"):
        folder = pathlib.Path(folder)
        key, certificate = pair("idp.example.com")
        (folder / "key.pem").write_text(key)
        (folder / "certificate.pem").write_text(certificate)
        config = IdPConfig().load({
            "entityid": entity_id,
            "xmlsec_binary": "/usr/bin/xmlsec1",
            "metadata": {"inline": [OF_AWS]},
            "key_file": str(folder / "key.pem"),
            "cert_file": str(folder / "certificate.pem"),
            "service": {"idp": {
                "endpoints": {"single_sign_on_service": [("https://idp.example.com/sso",
                                                          "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect")]},
                "policy": {"default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None,
                                       "name_form": NAME_FORMAT_URI}},
            }},
        })
        self.metadata = str(entity_descriptor(config))
        self.server = Server(config=config)
        # pysaml2 would encrypt with triple DES, which neither AWS nor the gateway takes.
        template = functools.partial(sigver.pre_encryption_part, msg_enc="http://www.w3.org/2009/xmlenc11#aes256-gcm")
        saml2.entity.pre_encryption_part = template
        encrypt = self.server.sec.crypto.encrypt_assertion
        self.server.sec.crypto.encrypt_assertion = (
            lambda statement, key, form, _, path: encrypt(statement, key, form, "aes-256", path))

    def response(self, roles, session="alice", audience=AUDIENCE, recipient=RECIPIENT, sign="assertion", encrypt_for=None, **more):
        """A response in base 64, as a browser would post it. `roles` are pairs of ARNs; `more` are attributes of AWS's."""
        attributes = {"Role": [f"{role},{provider}" for role, provider in roles], "RoleSessionName": [session]}
        attributes |= {name.replace("__", ":"): value for name, value in more.items()}
        identity = {ATTRIBUTE + name: value for name, value in attributes.items()}
        response = self.server.create_authn_response(
            identity, in_response_to=None, destination=recipient, sp_entity_id=audience,
            name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, text="alice@example.com"),
            authn={"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password", "authn_auth": "https://idp.example.com"},
            sign_assertion=sign != "response", sign_response=sign != "assertion",
            sign_alg=xmldsig.SIG_RSA_SHA256, digest_alg=xmldsig.DIGEST_SHA256,
            encrypt_assertion=encrypt_for is not None, encrypted_advice_attributes=False,
            encrypt_cert_assertion=encrypt_for)
        return base64.b64encode(str(response).encode()).decode()
