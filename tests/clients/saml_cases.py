"""A role by a SAML response: an identity provider's, through boto3 and both AWS CLIs, and what is not believed.

    saml_cases.py ENDPOINT ACCESS_KEY SECRET_KEY ACCOUNT AWS1 AWS2
"""

import json
import os
import subprocess
import sys
import tempfile

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

import saml_idp

CONFIG = Config(retries={"total_max_attempts": 1})


def main():
    endpoint, access_key, secret_key, account, aws1, aws2 = sys.argv[1:]

    def client(service, key=access_key, secret=secret_key, token=None, config=CONFIG):
        return boto3.client(service, endpoint_url=endpoint, aws_access_key_id=key, aws_secret_access_key=secret,
                            aws_session_token=token, region_name="us-east-1", config=config)

    iam, nobody = client("iam"), client("sts", config=CONFIG.merge(Config(signature_version=UNSIGNED)))
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        idp, stranger = saml_idp.Provider(folder), saml_idp.Provider(other)
        provider = iam.create_saml_provider(Name="saml-cases", SAMLMetadataDocument=idp.metadata)["SAMLProviderArn"]
        role, doc = f"arn:aws:iam::{account}:role/saml-cases", f"{account}/saml-cases"
        key, certificate = saml_idp.pair("reader")

        def trust(condition, *more):
            statement = {"Effect": "Allow", "Principal": {"Federated": provider},
                         "Action": ["sts:AssumeRoleWithSAML", *more], "Condition": {"StringEquals": condition}}
            return json.dumps({"Version": "2012-10-17", "Statement": statement})

        def trusting(condition, *more):
            iam.update_assume_role_policy(RoleName="saml-cases", PolicyDocument=trust(condition, *more))

        def by_boto(response, **more):
            return nobody.assume_role_with_saml(RoleArn=role, PrincipalArn=provider, SAMLAssertion=response, **more)

        def by_cli(program, *options):
            def assume(response):
                environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
                command = [program, *options, "sts", "assume-role-with-saml", "--role-arn", role, "--principal-arn", provider,
                           "--saml-assertion", response, "--region", "us-east-1", "--endpoint-url", endpoint]
                done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
                                      env=environment | {"AWS_CONFIG_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true"})
                return json.loads(done.stdout) if done.returncode == 0 else done.stderr.strip()
            return assume

        def who(response, assume=by_boto):
            answer = assume(response)
            if isinstance(answer, str):
                return answer
            given = answer["Credentials"]
            sts = client("sts", given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
            return sts.get_caller_identity()["Arn"].split(":", 5)[5]

        def told(response, *names, **more):
            answer = by_boto(response, **more)
            return [answer.get(name) for name in names]

        def both(response):
            by_boto(response)
            return by_boto(response)

        say = lambda **more: idp.response([(role, provider)], **more)
        alice = "assumed-role/saml-cases/alice"
        audience = {"saml:aud": saml_idp.RECIPIENT, "saml:doc": doc, "saml:sub_type": "persistent"}
        iam.create_role(RoleName="saml-cases", AssumeRolePolicyDocument=trust(audience, "sts:TagSession"))
        invalid = "Response signature invalid"
        denied = ["AccessDenied", 403, "Not authorized to perform sts:AssumeRoleWithSAML"]
        table = (
            ("the assertion signed", lambda: who(say()), alice),
            ("the response signed", lambda: who(say(sign="response")), alice),
            ("both signed", lambda: who(say(sign="both")), alice),
            ("the first CLI", lambda: who(say(), by_cli(aws1)), alice),
            ("the second CLI", lambda: who(say(), by_cli(aws2)), alice),
            ("what is told", lambda: told(say(), "Subject", "SubjectType", "Issuer", "Audience"),
             ["alice@example.com", "persistent", "https://idp.example.com/metadata", saml_idp.RECIPIENT]),
            ("with tags", lambda: who(say(PrincipalTag__Team=["a"], TransitiveTagKeys=["Team"])), alice),
            ("nobody trusts sources", lambda: who(say(SourceIdentity=["alice"])), ["AccessDenied", 403]),
            ("a second use", lambda: both(say()), ["InvalidIdentityToken", 400, "Response has been used already"]),
            ("another provider of the same name", lambda: who(stranger.response([(role, provider)])),
             ["InvalidIdentityToken", 400, invalid]),
            ("another role", lambda: who(idp.response([(role + "2", provider)])), denied),
            ("another audience", lambda: who(say(audience="urn:other")),
             ["InvalidIdentityToken", 400, "Response does not contain the required audience."]),
            ("another recipient", lambda: who(say(recipient="https://example.com/saml")), ["InvalidIdentityToken", 400]),
            ("no session name", lambda: who(say(session="a b")),
             ["InvalidIdentityToken", 400, "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}"]),
            ("half of it", lambda: who(say()[:2000]), ["InvalidIdentityToken", 400]),
            ("no base 64", lambda: who("____"), ["InvalidIdentityToken", 400]),
            ("too long a session", lambda: told(say(), "Subject", DurationSeconds=43200), ["ValidationError", 400]),
            ("encrypted for nobody", lambda: who(say(encrypt_for=certificate)), ["InvalidIdentityToken", 400, invalid]),
            ("a key is added", lambda: iam.update_saml_provider(SAMLProviderArn=provider, AddPrivateKey=key,
                                                                AssertionEncryptionMode="Required")["SAMLProviderArn"], provider),
            ("encrypted", lambda: who(say(encrypt_for=certificate)), alice),
            ("in the clear", lambda: who(say()), ["InvalidIdentityToken", 400, "Response does not contain an encrypted assertion"]),
            ("encryption is left to the provider", lambda: iam.update_saml_provider(
                SAMLProviderArn=provider, AssertionEncryptionMode="Allowed")["SAMLProviderArn"], provider),
            ("others are trusted", lambda: trusting({"saml:sub": "bob@example.com"}), None),
            ("alice is not", lambda: who(say()), denied),
            ("the provider is gone", lambda: iam.delete_saml_provider(SAMLProviderArn=provider)["ResponseMetadata"]["HTTPStatusCode"], 200),
            ("a provider that is gone", lambda: who(say()), ["InvalidIdentityToken", 400, "Specified provider doesn't exist"]),
        )
        seen = {}
        for what, call, expected in table:
            try:
                found = call()
            except ClientError as failure:
                error = failure.response["Error"]
                found = [error["Code"], failure.response["ResponseMetadata"]["HTTPStatusCode"], error["Message"]]
            # Where no message is expected, any will do.
            short = found[:len(expected)] if isinstance(expected, list) and isinstance(found, list) else found
            seen[what] = "as expected" if short == expected else f"{found!r} instead of {expected!r}"
        iam.delete_role(RoleName="saml-cases")
    json.dump(seen, sys.stdout, indent=1)


main()
