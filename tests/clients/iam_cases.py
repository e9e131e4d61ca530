"""Makes the calls of iam_flow.py and iam_account.py with one client, and says for each what was wrong with its outcome. Boto
makes those of Terraform too: it signs and reads answers as the provider's SDK does.

    iam_cases.py aws1|aws2|boto|js ENDPOINT ACCESS_KEY SECRET_KEY ACCOUNT BUCKET
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse

import boto3
import botocore
import jmespath
from botocore.config import Config
from botocore.exceptions import ClientError

import aws_cli
import servers
import terraform_flow
from iam_account import ACCOUNT
from iam_flow import FLOW, FURTHER
from iam_providers import CONTEXTS
from iam_rows import Code, Keep, Pages

HERE = os.path.dirname(os.path.abspath(__file__))
REGION = "us-east-1"
PAGE = 2
DOCUMENTS = {"AssumeRolePolicyDocument", "Policy", "PolicyDocument"}


class Boto:
    def __init__(self, endpoint):
        self.endpoint, self.clients = endpoint, {}

    def call(self, key, service, operation, given, pages=False):
        name, client = botocore.xform_name(operation), self.client(key, service)
        try:
            if pages:
                return {"pages": list(client.get_paginator(name).paginate(**given, PaginationConfig={"PageSize": PAGE}))}
            return getattr(client, name)(**given)
        except ClientError as failure:
            return failed(failure.response["Error"]["Code"], failure.response["Error"]["Message"])

    def client(self, key, service):
        if (key, service) not in self.clients:
            settings = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
            self.clients[key, service] = boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, config=settings,
                                                      aws_access_key_id=key[0], aws_secret_access_key=key[1])
        return self.clients[key, service]


class Aws:
    """The AWS CLI of one version."""

    def __init__(self, endpoint, command):
        self.home = tempfile.TemporaryDirectory(prefix="clients-")
        self.start = command + ["--endpoint-url", endpoint, "--output", "json"]

    def call(self, key, service, operation, given, pages=False):
        name = botocore.xform_name(operation, "-")
        command = self.start + [service if service != "s3" else "s3api", name]
        for member, value in given.items():
            option = botocore.xform_name(member, "-")
            if isinstance(value, bool):
                command.append(f"--{option}" if value else f"--no-{option}")
            else:
                # Joined, since a key in PEM begins as an option does.
                command.append(f"--{option}=" + (value if isinstance(value, str) else json.dumps(value)))
        command += ["--page-size", str(PAGE)] if pages else []
        got = os.path.join(self.home.name, "got")
        command += [got] if operation == "GetObject" else []
        # The CLI writes the seed of a device into a file.
        makes_device = operation == "CreateVirtualMFADevice"
        command += ["--outfile", got, "--bootstrap-method", "Base32StringSeed"] if makes_device else []
        environment = {"PATH": os.environ["PATH"], "HOME": self.home.name, "AWS_ACCESS_KEY_ID": key[0], "LC_ALL": "C.UTF-8",
                       "AWS_SECRET_ACCESS_KEY": key[1], "AWS_DEFAULT_REGION": REGION, "AWS_MAX_ATTEMPTS": "1"}
        done = aws_cli.run(command, environment, timeout=120)
        if done.returncode == 0:
            answer = json.loads(done.stdout or "{}")
            if makes_device:
                answer["VirtualMFADevice"]["Base32StringSeed"] = open(got).read()
            return {"pages": [answer]} if pages else answer
        told = re.search(r"An error occurred \((\w+)\) when calling the \w+ operation(?: \(.*?\))?: (.*)", done.stderr.decode(), re.DOTALL)
        return failed(told[1], told[2].strip()) if told else failed("?", done.stderr.decode())


class JavaScript:
    def __init__(self, endpoint):
        command = ["node", os.path.join(HERE, "js_calls.mjs"), endpoint]
        self.script = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def call(self, key, service, operation, given, pages=False):
        line = {"key": key, "service": service, "operation": operation, "input": given, "pageSize": PAGE if pages else 0}
        self.script.stdin.write(json.dumps(line) + "\n")
        self.script.stdin.flush()
        return json.loads(self.script.stdout.readline())


def failed(code, message):
    return {"failed": [code, message]}


class Run:
    def __init__(self, client, key, names):
        self.client, self.names = client, names
        self.keys = {"root": key, "forged": (key[0], "not the secret")}

    def row(self, who, call, given, expected):
        """Nothing if the outcome is as expected, else what it was."""
        service, operation = call.split(".")
        given = {name: document(self.filled(value)) if name in DOCUMENTS else self.filled(value)
                 for name, value in given.items()}
        answer = self.client.call(self.keys[who], service, operation, given, isinstance(expected, Pages))
        if isinstance(expected, tuple):
            code, message = self.filled(list(expected))
            told = answer.get("failed")
            return None if told and told[0] == code and message in (None, told[1]) else f"instead of {code} {message}: {told or answer}"
        if "failed" in answer:
            return f"failed: {answer['failed']}"
        if isinstance(expected, Keep):
            return self.keep(expected, answer)
        if isinstance(expected, Pages):
            found = [value for page in answer["pages"] for value in jmespath.search(expected.path, page)]
            return None if found == self.filled(expected.values) else f"the pages hold {found}"
        for path, value in expected.items():
            found = decoded(jmespath.search(self.filled(path), answer))
            if found != self.filled(value):
                return f"{path} is {found!r}, not {self.filled(value)!r}"
        return None

    def keep(self, kept, answer):
        value = jmespath.search(kept.path, answer)
        if isinstance(value, dict):
            self.keys[kept.name] = (value["AccessKeyId"], value["SecretAccessKey"])
            value = value["AccessKeyId"]
        self.names[kept.name] = value.decode() if isinstance(value, bytes) else value
        return None if value else f"{kept.path} is not there"

    def filled(self, value):
        if isinstance(value, Code):
            return value.shown(self.names)
        if isinstance(value, dict):
            return {name: self.filled(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.filled(inner) for inner in value]
        if isinstance(value, str):
            # The longest name first: `$account` is not `$a`.
            for name in sorted(self.names, key=len, reverse=True):
                value = value.replace(f"${name}", self.names[name])
        return value


def document(policy):
    return policy if isinstance(policy, str) else json.dumps(policy)


def decoded(value):
    """A policy document as JSON: some clients decode it, some leave it escaped."""
    return json.loads(urllib.parse.unquote(value)) if isinstance(value, str) and value.startswith(("{", "%7B")) else value


def not_offered():
    """The operations that the gateway says it does not offer."""
    said = subprocess.run([servers.binary(), "operations", "--missing"], capture_output=True, check=True, text=True).stdout
    return {line.split()[0] for line in said.splitlines() if line.startswith("  ")}


def main():
    name, endpoint, access_key, secret_key, account, bucket = sys.argv[1:]
    clients = {"boto": lambda: Boto(endpoint), "js": lambda: JavaScript(endpoint),
               "aws1": lambda: Aws(endpoint, [os.environ.get("AWS_CLI_1", "aws")]),
               "aws2": lambda: Aws(endpoint, [os.environ.get("AWS_CLI_2", "/usr/bin/aws"), "--no-cli-pager"])}
    names = {"u": f"user-{name}", "p": f"/{name}/team/", "b": bucket, "account": account}
    run, seen = Run(clients[name](), (access_key, secret_key), names), {}
    rows = FLOW + ([] if name == "aws1" else ACCOUNT) + (FURTHER if name in ("boto", "js") else [])
    if name == "boto":
        rows += CONTEXTS + terraform_flow.rows(Keep, not_offered())
    for number, (who, call, given, expected) in enumerate(rows):
        outcome = run.row(who, call, given, expected)
        seen[f"{number:03} {who} {call}"] = outcome or "as expected"
    json.dump(seen, sys.stdout, indent=1)


main()
