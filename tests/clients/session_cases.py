"""Temporary credentials as clients get and use them by themselves: profiles with roles, chains of them, external ids, devices,
and calls of STS. Each row runs with the AWS CLI, boto3 and the JavaScript SDK, as they are.

    session_cases.py ENDPOINT ACCESS_KEY SECRET_KEY ACCOUNT BUCKET       BUCKET holds the object `a`
"""

import base64
import getpass
import hashlib
import hmac
import json
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
REGION = "us-east-1"
CODE = {}
# Botocore asks the person at the terminal for a code; it takes the function when it is imported.
getpass.getpass = lambda *_: CODE["boto"]

import boto3  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402


def code(seed, step):
    tag = hmac.new(seed, struct.pack(">q", step), hashlib.sha1).digest()
    at = tag[19] & 15
    return f"{(struct.unpack('>I', tag[at:at + 4])[0] & 0x7fffffff) % 1_000_000:06}"


def statement(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


class Cast:
    """Who there is: a user with a device for each client, and roles."""

    def __init__(self, endpoint, key, account, bucket, clients):
        self.endpoint, self.account, self.bucket = endpoint, account, bucket
        self.iam = boto3.client("iam", endpoint_url=endpoint, region_name=REGION, aws_access_key_id=key[0],
                                aws_secret_access_key=key[1])
        read, everybody = statement("s3:GetObject"), {"AWS": account}
        self.role("reader", everybody, {}, [read, statement("sts:AssumeRole")])
        self.role("external", everybody, {"StringEquals": {"sts:ExternalId": "e-1"}}, [read])
        self.role("second", {"AWS": f"arn:aws:iam::{account}:role/reader"}, {}, [read])
        self.role("secure", everybody, {"Bool": {"aws:MultiFactorAuthPresent": "true"}}, [read])
        self.role("nothing", everybody, {}, [statement("s3:ListBucket")])
        self.seeds, self.keys = {}, {}
        for client in clients:
            self.user(client)

    def role(self, name, principal, condition, policy):
        trust = {"Effect": "Allow", "Principal": principal, "Condition": condition,
                 "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]}
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))
        self.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(*policy))

    def user(self, name):
        device = f"arn:aws:iam::{self.account}:mfa/{name}"
        self.iam.create_user(UserName=name)
        needs_device = statement("s3:GetObject", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
        policy = document(statement(["sts:AssumeRole", "sts:GetFederationToken"]), needs_device)
        self.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
        made = self.iam.create_access_key(UserName=name)["AccessKey"]
        self.keys[name] = made["AccessKeyId"], made["SecretAccessKey"]
        seed = self.iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["Base32StringSeed"]
        self.seeds[name] = base64.b32decode(seed)
        now = int(time.time()) // 30
        self.iam.enable_mfa_device(UserName=name, SerialNumber=device,
                                   AuthenticationCode1=code(self.seeds[name], now - 1), AuthenticationCode2=code(self.seeds[name], now))
        self.enabled = now

    def next_code(self, name):
        """One that was not used yet: those up to the one that enabled the device were. Each is good for one row only."""
        self.enabled += 1
        while int(time.time()) // 30 < self.enabled - 1:
            time.sleep(1)
        return code(self.seeds[name], self.enabled)

    def write_profiles(self, home, name):
        folder = Path(home, ".aws")
        folder.mkdir()
        key, secret = self.keys[name]
        Path(folder, "credentials").write_text(f"[base]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
        profiles = {
            "reader": {}, "short": {"role": "reader", "duration_seconds": 900}, "named": {"role": "reader", "role_session_name": "named"},
            "external": {"external_id": "e-1"}, "stranger": {"role": "external", "external_id": "e-2"},
            "second": {"source_profile": "reader"}, "shortcut": {"role": "second"}, "nothing": {},
            "secure": {"mfa_serial": f"arn:aws:iam::{self.account}:mfa/{name}"}, "insecure": {"role": "secure"},
        }
        lines = [f"[profile base]\nregion = {REGION}\n"]
        for profile, settings in profiles.items():
            role = settings.pop("role", profile)
            settings = {"role_arn": f"arn:aws:iam::{self.account}:role/{role}", "source_profile": "base", "region": REGION} | settings
            lines.append(f"[profile {profile}]\n" + "".join(f"{name} = {value}\n" for name, value in settings.items()))
        Path(folder, "config").write_text("".join(lines))

    def environment(self, home, profile=None):
        chosen = {"AWS_PROFILE": profile} if profile else {}
        return {"PATH": os.environ["PATH"], "HOME": home, "AWS_ENDPOINT_URL": self.endpoint, "AWS_MAX_ATTEMPTS": "1",
                "LC_ALL": "C.UTF-8", "AWS_CONFIG_FILE": f"{home}/.aws/config",
                "AWS_SHARED_CREDENTIALS_FILE": f"{home}/.aws/credentials"} | chosen


class Aws:
    """The AWS CLI, at a terminal."""

    def __init__(self, cast, home, command):
        self.cast, self.home, self.command = cast, home, command

    def run(self, profile, *arguments):
        environment = self.cast.environment(self.home, profile)
        screen, terminal = pty.openpty()
        try:
            process = subprocess.Popen([self.command, *arguments], env=environment, stdin=terminal, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True, start_new_session=True,
                                       preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)))
            # What is typed before it is asked for is thrown away.
            if CODE.get("aws1") and select.select([screen], [], [], 30)[0]:
                os.read(screen, 1024)
                os.write(screen, CODE["aws1"].encode() + b"\n")
            out, error = process.communicate(timeout=60)
        finally:
            os.close(screen)
            os.close(terminal)
        return out if process.returncode == 0 else refused(error)

    def who(self, profile):
        found = self.run(profile, "sts", "get-caller-identity", "--query", "Arn", "--output", "text")
        return found.strip() if isinstance(found, str) else found

    def get(self, profile):
        target = os.path.join(self.home, "got")
        found = self.run(profile, "s3api", "get-object", "--bucket", self.cast.bucket, "--key", "a", target)
        return "read" if isinstance(found, str) else found


class Boto:
    """boto3."""

    def __init__(self, cast, home):
        self.cast, self.home = cast, home

    def client(self, profile, service):
        os.environ.update(self.cast.environment(self.home))
        return boto3.Session(profile_name=profile).client(service)

    def who(self, profile):
        return told(lambda: self.client(profile, "sts").get_caller_identity()["Arn"])

    def get(self, profile):
        return told(lambda: self.client(profile, "s3").get_object(Bucket=self.cast.bucket, Key="a") and "read")


class Js:
    """The JavaScript SDK with its own chain of providers."""

    def __init__(self, cast, home):
        self.cast, self.home = cast, home

    def run(self, profile, what):
        command = ["node", str(HERE / "js_session.mjs"), what, self.cast.bucket, CODE.get("js", "")]
        done = subprocess.run(command, env=self.cast.environment(self.home, profile), capture_output=True, text=True, timeout=60)
        return done.stdout.strip() if done.returncode == 0 else refused(done.stderr)

    def who(self, profile):
        return self.run(profile, "who")

    def get(self, profile):
        return self.run(profile, "get")


def told(call):
    try:
        return call()
    except ClientError as failure:
        return [failure.response["Error"]["Code"]]


def refused(text):
    """The code of an error as the CLI and the script tell it."""
    found = [word for word in ("AccessDenied", "ExpiredToken", "InvalidToken", "ValidationError") if word in text]
    return found[:1] or text[-400:]


def main():
    endpoint, access_key, secret_key, account, bucket = sys.argv[1:]
    clients = {"aws1": lambda *at: Aws(*at, os.environ["AWS_CLI_1"]), "boto": Boto, "js": Js}
    cast = Cast(endpoint, (access_key, secret_key), account, bucket, clients)
    seen = {}

    def check(what, found, expected):
        seen[what] = "as expected" if found == expected else f"{found!r} instead of {expected!r}"

    for name, make in clients.items():
        with tempfile.TemporaryDirectory(prefix="clients-") as home:
            cast.write_profiles(home, name)
            client = make(cast, home)
            assumed = lambda role: f"arn:aws:sts::{account}:assumed-role/{role}/"
            # First what is refused: the CLI remembers the credentials of a role, by whichever profile they came.
            for profile in ("stranger", "shortcut", "insecure"):
                check(f"{name}: {profile}", client.who(profile), ["AccessDenied"])
            check(f"{name}: a user", client.who("base"), f"arn:aws:iam::{account}:user/{name}")
            for profile, role in [("reader", "reader"), ("short", "reader"), ("external", "external"), ("second", "second"), ("nothing", "nothing")]:
                found = client.who(profile)
                check(f"{name}: {profile}", found[:len(assumed(role))] if isinstance(found, str) else found, assumed(role))
            check(f"{name}: a session's name", client.who("named"), assumed("reader") + "named")
            for profile, expected in [("base", ["AccessDenied"]), ("reader", "read"), ("second", "read"), ("nothing", ["AccessDenied"])]:
                check(f"{name}: {profile} reads", client.get(profile), expected)
            CODE[name] = cast.next_code(name)
            check(f"{name}: a role that needs a device", client.get("secure"), "read")
            shutil.rmtree(Path(home, ".aws", "cli"), ignore_errors=True)
            check(f"{name}: the same code again", client.get("secure"), ["AccessDenied"])
            CODE.pop(name)
    # A user's own session, with a device and without.
    sts = boto3.client("sts", endpoint_url=endpoint, region_name=REGION, aws_access_key_id=cast.keys["boto"][0],
                       aws_secret_access_key=cast.keys["boto"][1])
    device = {"SerialNumber": f"arn:aws:iam::{account}:mfa/boto"}
    for what, given, expected in [("without a device", {}, ["AccessDenied"]), ("with one", device, "read")]:
        if given:
            given = given | {"TokenCode": cast.next_code("boto")}
        made = sts.get_session_token(**given)["Credentials"]
        s3 = boto3.client("s3", endpoint_url=endpoint, region_name=REGION, aws_access_key_id=made["AccessKeyId"],
                          aws_secret_access_key=made["SecretAccessKey"], aws_session_token=made["SessionToken"])
        check(f"a user's own session {what}", told(lambda: s3.get_object(Bucket=bucket, Key="a") and "read"), expected)
    json.dump(seen, sys.stdout, indent=1)


main()
