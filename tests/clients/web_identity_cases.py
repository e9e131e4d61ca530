"""Roles taken with tokens of a real identity provider, by the clients' own means: a profile with `web_identity_token_file`, the
variables that pods get, and the call itself. Nothing is signed before the role is taken.

    web_identity_cases.py ENDPOINT ACCESS_KEY SECRET_KEY ACCOUNT BUCKET TOKEN_FOLDER

BUCKET holds the object `a`. TOKEN_FOLDER holds tokens of one client of the provider in files: `usual`, `elliptic`, `expired`.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

HERE = Path(__file__).parent
HOST, REGION, TAKE = "idp.example.com", "us-east-1", "sts:AssumeRoleWithWebIdentity"


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]})


class Scene:
    def __init__(self, endpoint, key, account, bucket, tokens):
        self.endpoint, self.account, self.bucket, self.tokens = endpoint, account, bucket, tokens
        self.iam = boto3.client("iam", endpoint_url=endpoint, region_name=REGION, aws_access_key_id=key[0],
                                aws_secret_access_key=key[1])

    def role(self, name, provider, subject, actions):
        condition = {"StringEquals": {f"{HOST}:aud": "sts.amazonaws.com", f"{HOST}:sub": subject}}
        trust = {"Principal": {"Federated": provider}, "Action": actions, "Condition": condition}
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))
        reads = {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{self.bucket}/*",
                 "Condition": {"StringEquals": {"aws:PrincipalTag/team": "blue"}}}
        self.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(reads))

    def arn(self, role):
        return f"arn:aws:iam::{self.account}:role/{role}"

    def environment(self, home, **more):
        return {"PATH": os.environ["PATH"], "HOME": home, "AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION, "AWS_MAX_ATTEMPTS": "1", "LC_ALL": "C.UTF-8",
                "AWS_CONFIG_FILE": f"{home}/config", "AWS_SHARED_CREDENTIALS_FILE": f"{home}/credentials"} | more

    def pod(self, home, role, token):
        """What a pod's environment says."""
        return self.environment(home, AWS_ROLE_ARN=self.arn(role), AWS_WEB_IDENTITY_TOKEN_FILE=f"{self.tokens}/{token}",
                                AWS_ROLE_SESSION_NAME="pod")

    def profile(self, home, role, token):
        Path(home, "config").write_text(f"[profile web]\nrole_arn = {self.arn(role)}\nregion = {REGION}\n"
                                        f"web_identity_token_file = {self.tokens}/{token}\nrole_session_name = pod\n")
        return self.environment(home, AWS_PROFILE="web")


def run(environment, *command):
    done = subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    return done.stdout.strip() if done.returncode == 0 else refused(done.stderr)


def refused(text):
    """The code of an error as clients tell it."""
    codes = ("AccessDenied", "ExpiredTokenException", "InvalidIdentityToken", "IDPCommunicationError")
    return [code for code in codes if code in text][:1] or text[-400:]


def told(call):
    try:
        return call()
    except ClientError as failure:
        return [failure.response["Error"]["Code"]]


def clients(scene, home):
    """Who a client is by an environment, and whether it reads."""
    target = os.path.join(home, "got")

    def cli(command):
        who = lambda environment: run(environment, command, "sts", "get-caller-identity", "--query", "Arn", "--output", "text")
        get = ("s3api", "get-object", "--bucket", scene.bucket, "--key", "a", target, "--query", "'read'", "--output", "text")
        return who, lambda environment: run(environment, command, *get)

    def boto(call):
        def of(environment):
            kept = dict(os.environ)
            os.environ.clear()
            os.environ.update(environment)
            try:
                return told(lambda: call(boto3.Session()))
            finally:
                os.environ.clear()
                os.environ.update(kept)
        return of

    def js(what):
        return lambda environment: run(environment, "node", str(HERE / "js_session.mjs"), what, scene.bucket, "")

    return {
        "aws1": cli(os.environ["AWS_CLI_1"]),
        "boto": (boto(lambda session: session.client("sts").get_caller_identity()["Arn"]),
                 boto(lambda session: session.client("s3").get_object(Bucket=scene.bucket, Key="a") and "read")),
        "js": (js("who"), js("get")),
    }


def main():
    endpoint, access_key, secret_key, account, bucket, tokens = sys.argv[1:]
    scene = Scene(endpoint, (access_key, secret_key), account, bucket, tokens)
    made = scene.iam.create_open_id_connect_provider(Url=f"https://{HOST}", ClientIDList=["sts.amazonaws.com"])
    provider = made["OpenIDConnectProviderArn"]
    both = [TAKE, "sts:TagSession"]
    scene.role("reports", provider, "reports", both)
    scene.role("others", provider, "others", both)
    scene.role("untagged", provider, "reports", [TAKE])
    seen = {}

    def check(what, found, expected):
        seen[what] = "as expected" if found == expected else f"{found!r} instead of {expected!r}"

    assumed = f"arn:aws:sts::{account}:assumed-role/reports/pod"
    with tempfile.TemporaryDirectory(prefix="clients-") as home:
        for client, (who, get) in clients(scene, home).items():
            for way, environment in (("a pod", scene.pod), ("a profile", scene.profile)):
                check(f"{client} as {way}", who(environment(home, "reports", "usual")), assumed)
                check(f"{client} as {way} reads", get(environment(home, "reports", "usual")), "read")
                check(f"{client} as {way} with another key", get(environment(home, "reports", "elliptic")), "read")
                check(f"{client} as {way} too late", who(environment(home, "reports", "expired")), ["ExpiredTokenException"])
                check(f"{client} as {way}, another's role", who(environment(home, "others", "usual")), ["AccessDenied"])
                check(f"{client} as {way}, tags not allowed", who(environment(home, "untagged", "usual")), ["AccessDenied"])
        # Debian's client knows no endpoint for what a profile does by itself: it makes the call.
        token = Path(tokens, "usual").read_text()
        call = ("sts", "assume-role-with-web-identity", "--role-arn", scene.arn("reports"), "--role-session-name", "pod",
                "--query", "[AssumedRoleUser.Arn, SubjectFromWebIdentityToken, Provider, Audience]", "--output", "text",
                "--web-identity-token", token)
        expected = "\t".join([assumed, "reports", provider, "sts.amazonaws.com"])
        for name in ("AWS_CLI_1", "AWS_CLI_2"):
            check(f"{name} calls", run(scene.environment(home), os.environ[name], "--endpoint-url", endpoint, *call), expected)
    sts = boto3.client("sts", endpoint_url=endpoint, region_name=REGION, config=Config(signature_version=UNSIGNED))
    header, claims, signature = token.split(".")
    for what, wrong in {"truncated": token[:-1], "altered": f"{header}.{claims[:-2]}{claims[:-3:-1]}.{signature}", "none": "none"}.items():
        take = lambda: sts.assume_role_with_web_identity(RoleArn=scene.arn("reports"), RoleSessionName="pod", WebIdentityToken=wrong)
        check(f"boto with a token that is {what}", told(take), ["InvalidIdentityToken"])
    json.dump(seen, sys.stdout, indent=1)


main()
