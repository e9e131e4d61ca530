"""Web identity tokens of the gateway's own, as boto3 and the AWS CLI get them and as somebody else verifies them: from the issuer's
documents alone, with a library that has nothing to do with the gateway.

    identity_token_cases.py ENDPOINT ACCESS_KEY SECRET_KEY ACCOUNT ISSUER_URL
"""

import base64
import json
import os
import subprocess
import sys
import time
import urllib.request

import boto3
from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

# The CLI takes what begins with https:// for a place to read the parameter from.
REGION, AUDIENCE, AWS = "us-east-1", "api.example.com", "https://sts.amazonaws.com/"


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(text):
    return int.from_bytes(decoded(text), "big")


class Issuer:
    """What is known of an issuer to whoever knows its URL, which a proxy would serve over HTTPS."""

    def __init__(self, endpoint, url, host):
        self.endpoint, self.host = endpoint, host
        self.configuration = self.read(url + "/.well-known/openid-configuration")
        assert self.configuration["issuer"] == url, self.configuration
        self.keys = {key["kid"]: key for key in self.read(self.configuration["jwks_uri"])["keys"]}

    def read(self, url):
        path = url.removeprefix(f"https://{self.host}")
        request = urllib.request.Request(self.endpoint + path, headers={"Host": self.host})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def verified(self, token):
        """Algorithm and claims, or what is wrong."""
        head, claims, signature = token.split(".")
        message, signature, head = f"{head}.{claims}".encode(), decoded(signature), json.loads(decoded(head))
        key = self.keys[head["kid"]]
        try:
            if head["alg"] == key["alg"] == "RS256":
                public = rsa.RSAPublicNumbers(number(key["e"]), number(key["n"])).public_key()
                public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
            elif head["alg"] == key["alg"] == "ES384":
                public = ec.EllipticCurvePublicNumbers(number(key["x"]), number(key["y"]), ec.SECP384R1()).public_key()
                r, s = (int.from_bytes(half, "big") for half in (signature[:48], signature[48:]))
                public.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA384()))
            else:
                return "another algorithm", {}
        except InvalidSignature:
            return "forged", {}
        return head["alg"], json.loads(decoded(claims))


def told(call):
    try:
        return call()
    except ClientError as failure:
        return [failure.response["Error"]["Code"]]


def main():
    endpoint, access_key, secret_key, account, url = sys.argv[1:]
    client = lambda name, key: boto3.client(name, endpoint_url=endpoint, region_name=REGION, aws_access_key_id=key[0],
                                            aws_secret_access_key=key[1])
    iam = client("iam", (access_key, secret_key))
    seen = {}

    def check(what, found, expected):
        seen[what] = "as expected" if found == expected else f"{found!r} instead of {expected!r}"

    info = lambda: iam.get_outbound_web_identity_federation_info()["IssuerIdentifier"]
    check("not enabled", told(info), ["FeatureDisabled"])
    issuer_url = iam.enable_outbound_web_identity_federation()["IssuerIdentifier"]
    check("the issuer", (info(), issuer_url.startswith(url + "/")), (issuer_url, True))
    issuer = Issuer(endpoint, issuer_url, url.removeprefix("https://").split("/")[0])

    policy = json.dumps({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "sts:GetWebIdentityToken", "Resource": "*",
        "Condition": {"ForAllValues:StringEquals": {"sts:IdentityTokenAudience": [AUDIENCE]}}}})
    iam.create_user(UserName="tokens", Tags=[{"Key": "team", "Value": "blue"}])
    iam.put_user_policy(UserName="tokens", PolicyName="p", PolicyDocument=policy)
    made = iam.create_access_key(UserName="tokens")["AccessKey"]
    key = made["AccessKeyId"], made["SecretAccessKey"]
    sts = client("sts", key)
    arn = f"arn:aws:iam::{account}:user/tokens"
    for algorithm in ("RS256", "ES384"):
        answer = sts.get_web_identity_token(Audience=[AUDIENCE], SigningAlgorithm=algorithm, DurationSeconds=60)
        found, claims = issuer.verified(answer["WebIdentityToken"])
        lasts = claims.get("exp", 0) - claims.get("iat", 0)
        check(f"boto: {algorithm}", (found, claims.get("iss"), claims.get("sub"), claims.get("aud"), lasts),
              (algorithm, issuer_url, arn, AUDIENCE, 60))
        check(f"boto: {algorithm}, until when", int(answer["Expiration"].timestamp()), claims.get("exp"))
        check(f"boto: {algorithm}, whose", claims.get(AWS, {}).get("principal_tags"), {"team": "blue"})
        head, body, signature = answer["WebIdentityToken"].split(".")
        altered = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "arn:aws:iam::1:root"}).encode()).rstrip(b"=").decode()
        check(f"boto: {algorithm}, altered", issuer.verified(f"{head}.{altered}.{signature}")[0], "forged")
    for what, asked, code in [
        ("another audience", {"Audience": ["https://evil.example"]}, "AccessDenied"),
        ("tags", {"Tags": [{"Key": "job", "Value": "7"}]}, "AccessDenied"),
        ("another algorithm", {"SigningAlgorithm": "ES512"}, "ValidationError"),
        ("somebody behind it", {"SubjectMode": "OriginIdentity"}, "ValidationError"),
    ]:
        usual = {"Audience": [AUDIENCE], "SigningAlgorithm": "RS256"}
        check(f"boto: {what}", told(lambda: sts.get_web_identity_token(**(usual | asked))), [code])
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_ACCESS_KEY_ID": key[0], "AWS_SECRET_ACCESS_KEY": key[1],
                   "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": endpoint, "LC_ALL": "C.UTF-8"}
    command = [os.environ["AWS_CLI_1"], "sts", "get-web-identity-token", "--audience", AUDIENCE, "--signing-algorithm", "ES384",
               "--query", "WebIdentityToken", "--output", "text"]
    out = subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    found, claims = issuer.verified(out.stdout.strip()) if out.returncode == 0 else (out.stderr[-400:], {})
    check("aws1", (found, claims.get("sub"), claims.get("exp", 0) > time.time()), ("ES384", arn, True))
    iam.disable_outbound_web_identity_federation()
    usual = lambda: sts.get_web_identity_token(Audience=[AUDIENCE], SigningAlgorithm="RS256")
    check("boto: disabled", told(usual), ["OutboundWebIdentityFederationDisabledException"])
    json.dump(seen, sys.stdout, indent=1)


main()
