"""What a caller without any policy is told: for each client, every row of its table must end in AccessDenied with AWS's
reason, and leave a record that says the same and nothing else.

    denied.py CLIENT ENDPOINT ACCESS_KEY SECRET_KEY BUCKET ARN DATA_DIR
"""

import glob
import html
import json
import os
import subprocess
import sys
from dataclasses import dataclass

import botocore
from botocore.exceptions import ClientError

import cli_cases
from boto_world import World, post, raw

HERE = os.path.dirname(os.path.abspath(__file__))


@dataclass
class Expected:
    """`[head|silent|batch] ACTION RESOURCE`, and how a denial of it reads."""

    kind: str
    action: str
    resource: str

    @classmethod
    def of(cls, cell):
        kind, cell = cell.split(" ", 1) if cell.startswith(("head ", "silent ", "batch ")) else ("", cell)
        action, resource = cell.split(" ", 1)
        return cls(kind, action, resource if resource == "*" else f"arn:aws:s3:::{resource}")

    def message(self, arn):
        return (f'User: {arn} is not authorized to perform: {self.action} on resource: "{self.resource}" '
                f"because no identity-based policy allows the {self.action} action")


class Records:
    """The gateway's records of one access key, as they come."""

    def __init__(self, data, access_key):
        self.pattern, self.access_key, self.read = os.path.join(data, "audit", "*.jsonl"), access_key, {}
        self.new()

    def new(self):
        found = []
        for path in sorted(glob.glob(self.pattern)):
            with open(path, "rb") as file:
                file.seek(self.read.get(path, 0))
                # A line that is still being written is left for the next time.
                whole = file.read().rpartition(b"\n")[0]
                self.read[path] = self.read.get(path, 0) + len(whole) + bool(whole)
            found += [json.loads(line) for line in whole.splitlines() if self.access_key.encode() in line]
        return found


@dataclass
class Judge:
    arn: str
    records: Records

    def verdict(self, expected, said):
        """`denied`, or what is wrong with what the client said and the gateway recorded."""
        message, records = expected.message(self.arn), self.records.new()
        visible = {"head": ["403", "Forbidden"], "silent": [""]}.get(expected.kind, [message])
        if not any(text in said.replace('\\"', '"') for text in visible):
            return f"the client said: {said[-500:]}"
        if not records:
            return "there is no record"
        if expected.kind == "batch":
            return "denied"
        told = [record.get("errorMessage") for record in records]
        if told[0] != message:
            return f"the first record says: {told[0]}"
        wrong = [record["eventName"] for record in records if record.get("errorCode") != "AccessDenied"]
        return f"not denied: {wrong}" if wrong else "denied"


def by_command_line(client, endpoint, access_key, secret_key, bucket, judge):
    cli, seen = cli_cases.Cli(client, endpoint, access_key, secret_key, bucket), {}
    for step in cli.steps():
        expected = Expected.of(step.denied)
        worked, printed = cli.run(step.command)
        said = printed.decode(errors="replace")
        if worked and said.startswith("http://"):
            status, body, _ = raw("GET", said.strip())
            said = f"{status} {html.unescape(body.decode())}"
        elif worked and expected.kind != "batch":
            said = f"it worked! {said}"
        seen[step.what] = judge.verdict(expected, said)
    return seen


def table(bucket):
    with open(os.path.join(HERE, "denied.json")) as file:
        return json.loads(file.read().replace("$b", bucket))


def by_boto(endpoint, access_key, secret_key, bucket, judge):
    s3, seen = World(endpoint, access_key, secret_key, bucket).s3, {}
    for number, (operation, given, cell) in enumerate(table(bucket)):
        try:
            answer = getattr(s3, botocore.xform_name(operation))(**given)
            said = str([f"{entry['Code']} {entry['Key']} {entry['Message']}" for entry in answer.get("Errors", [])])
        except ClientError as failure:
            said = f"{failure.response['ResponseMetadata']['HTTPStatusCode']} {failure}"
        seen[f"{number} {operation}"] = judge.verdict(Expected.of(cell), said)
    read, write = Expected.of(f"s3:GetObject {bucket}/a/small"), Expected.of(f"s3:PutObject {bucket}/a/small")
    target = {"Bucket": bucket, "Key": "a/small"}
    for what, method, expected, call, data in (("a presigned GET", "GET", read, "get_object", None),
                                               ("a presigned PUT", "PUT", write, "put_object", b"x")):
        status, body, _ = raw(method, s3.generate_presigned_url(call, target, ExpiresIn=60), data)
        seen[what] = judge.verdict(expected, f"{status} {html.unescape(body.decode())}")
    status, body, _ = post(s3.generate_presigned_post(bucket, "a/small", ExpiresIn=60), b"x")
    seen["a form"] = judge.verdict(write, f"{status} {html.unescape(body.decode())}")
    return seen


def by_javascript(endpoint, access_key, secret_key, bucket, judge):
    """The script makes one call for each line that it reads, so that each call's records can be told apart."""
    command = ["node", os.path.join(HERE, "js_calls.mjs"), endpoint]
    script, seen = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True), {}
    for number, (operation, given, cell) in enumerate(table(bucket)):
        line = {"key": [access_key, secret_key], "service": "s3", "operation": operation, "input": given}
        script.stdin.write(json.dumps(line) + "\n")
        script.stdin.flush()
        answer = json.loads(script.stdout.readline())
        told = answer.get("failed") or [entry["Message"] for entry in answer.get("Errors", [])]
        seen[f"{number} {operation}"] = judge.verdict(Expected.of(cell), " ".join(map(str, told)))
    script.stdin.close()
    script.wait(timeout=60)
    return seen


def main():
    client, endpoint, access_key, secret_key, bucket, arn, data = sys.argv[1:]
    judge = Judge(arn, Records(data, access_key))
    ways = {"boto": by_boto, "js": by_javascript}
    if client in ways:
        seen = ways[client](endpoint, access_key, secret_key, bucket, judge)
    else:
        seen = by_command_line(client, endpoint, access_key, secret_key, bucket, judge)
    json.dump(seen, sys.stdout, indent=1)


main()
