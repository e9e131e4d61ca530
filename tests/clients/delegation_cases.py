"""Delegation from end to end with boto3: one account asks, another accepts, the token arrives at a webhook, STS gives credentials
for it, and they are good for what was asked for and accepted, and for nothing else.

    delegation_cases.py STORE_ENDPOINT ACCESS_KEY SECRET_KEY       a store that the gateway stands in front of
"""

import contextlib
import http.server
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import boto3
import jmespath
from botocore.config import Config
from botocore.exceptions import ClientError

import servers

OWNER, ASKER = "111122223333", "444455556666"
TEMPLATE, TOPIC = f"arn:aws:iam::{ASKER}:delegation-template/read", f"arn:aws:sns:us-east-1:{ASKER}:news"
POLICY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::@{bucketNames}/*"}]}
READ_ONLY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["s3:GetObject", "iam:*DelegationRequest", "iam:SendDelegationToken"], "Resource": "*"}]}
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@contextlib.contextmanager
def webhook():
    """Somebody who listens for notices, and their messages."""
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            seen.append(json.loads(json.loads(body)["Message"]))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/news", seen
        finally:
            server.shutdown()


@contextlib.contextmanager
def serving(store, access_key, secret_key, hook):
    """`countersign serve` in front of a store, with two accounts; ends with the block."""
    with tempfile.TemporaryDirectory(prefix="countersign-delegation-") as data:
        with socket.socket() as probe, socket.socket() as admin:
            probe.bind(("127.0.0.1", 0)), admin.bind(("127.0.0.1", 0))
            ports = probe.getsockname()[1], admin.getsockname()[1]
        template, config = pathlib.Path(data, "read.json"), pathlib.Path(data, "config.toml")
        template.write_text(json.dumps(POLICY))
        config.write_text(f"""
            listen = "127.0.0.1:{ports[0]}"
            admin_listen = "127.0.0.1:{ports[1]}"
            data_dir = "{data}/kept"
            account_id = "{OWNER}"
            accounts = ["{ASKER}"]
            [delegation]
            requesters = {{ "{ASKER}" = "Example CI" }}
            templates = {{ "{TEMPLATE}" = "{template}" }}
            channels = {{ "{TOPIC}" = "{hook}" }}
            [[upstream]]
            name = "store"
            url = "{store}"
            access_key_id = "{access_key}"
            secret_access_key_variable = "STORE_SECRET"
            """)
        keys = {OWNER: ("AKIAOWNER00000000001", "the-secret-of-the-owner"), ASKER: ("AKIAASKER00000000001", "the-secret-of-the-asker")}
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("COUNTERSIGN_", "AWS_"))}
        environment |= {"STORE_SECRET": secret_key, "COUNTERSIGN_ROOT_ACCESS_KEY_ID": keys[OWNER][0],
                        "COUNTERSIGN_ROOT_SECRET_ACCESS_KEY": keys[OWNER][1],
                        f"COUNTERSIGN_ROOT_ACCESS_KEY_ID_{ASKER}": keys[ASKER][0],
                        f"COUNTERSIGN_ROOT_SECRET_ACCESS_KEY_{ASKER}": keys[ASKER][1]}
        process = subprocess.Popen([servers.binary(), "serve", "--config", str(config)], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)
        said = []
        try:
            for line in process.stderr:
                said.append(line)
                if "serving" in line:
                    break
            else:
                raise RuntimeError("the gateway did not start:\n" + "".join(said))
            threading.Thread(target=process.stderr.read, daemon=True).start()
            yield f"http://127.0.0.1:{ports[0]}", keys
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


class Run:
    def __init__(self, endpoint, seen):
        self.endpoint, self.seen, self.outcomes = endpoint, seen, {}

    def client(self, service, key, token=None):
        settings = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
        return boto3.client(service, endpoint_url=self.endpoint, region_name="us-east-1", config=settings, aws_access_key_id=key[0],
                            aws_secret_access_key=key[1], aws_session_token=token)

    def check(self, what, call, expected):
        """A table from JMESPath to value, or the code of an error."""
        try:
            answer = call()
        except ClientError as failure:
            answer = failure.response["Error"]["Code"]
        if isinstance(expected, str) or isinstance(answer, str):
            outcome = "as expected" if answer == expected else f"{answer!r}, not {expected!r}"
        else:
            wrong = {path: jmespath.search(path, answer) for path, value in expected.items() if jmespath.search(path, answer) != value}
            outcome = f"{wrong}" if wrong else "as expected"
        self.outcomes[f"{len(self.outcomes):02} {what}"] = outcome
        return answer

    def notice(self, kind, state):
        """A notice that comes within ten seconds."""
        until = time.monotonic() + 10
        while time.monotonic() < until:
            for message in self.seen:
                if (message["Type"], message["State"]) == (kind, state):
                    return message
            time.sleep(0.02)
        raise RuntimeError(f"no notice {kind} {state}: {self.seen}")


def user(iam, name, policy):
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return arn, (key["AccessKeyId"], key["SecretAccessKey"])


def story(run, keys):
    root, asker_root = run.client("iam", keys[OWNER]), run.client("iam", keys[ASKER])
    ann_arn, ann_key = user(root, "ann", READ_ONLY)
    _, ci_key = user(asker_root, "ci", ALL)
    ci, ann, root_s3 = run.client("iam", ci_key), run.client("iam", ann_key), run.client("s3", keys[OWNER])
    bucket = f"delegated-{os.getpid()}"
    root_s3.create_bucket(Bucket=bucket)
    root_s3.put_object(Bucket=bucket, Key="a", Body=b"a")
    asked = {"Description": "reads", "RequestorWorkflowId": "workflow-1", "NotificationChannel": TOPIC, "SessionDuration": 900,
             "OwnerAccountId": OWNER, "Permissions": {"PolicyTemplateArn": TEMPLATE, "Parameters": [
                 {"Name": "bucketNames", "Values": [bucket], "Type": "stringList"}]}}
    run.check("nobody else may ask", lambda: root.create_delegation_request(**asked), "AccessDenied")
    made = run.check("a request", lambda: ci.create_delegation_request(**asked), {"ConsoleDeepLink": None})
    run.check("the same again", lambda: ci.create_delegation_request(**asked), "EntityAlreadyExists")
    run.check("no such parameter", lambda: ci.create_delegation_request(**asked | {
        "RequestorWorkflowId": "workflow-2", "Permissions": {"PolicyTemplateArn": TEMPLATE}}), "InvalidInput")
    it = {"DelegationRequestId": made["DelegationRequestId"]}
    arn = f"arn:aws:iam::{OWNER}:delegation-request/{made['DelegationRequestId']}"
    run.check("who asked sees nothing", lambda: ci.get_delegation_request(**it), "NoSuchEntity")
    filled = {"Version": "2012-10-17", "Statement": [
        {"Action": ["s3:GetObject", "s3:PutObject"], "Effect": "Allow", "Resource": [f"arn:aws:s3:::{bucket}/*"]}]}
    shown = run.check("what is asked for", lambda: ann.get_delegation_request(**it, DelegationPermissionCheck=True), {
        "DelegationRequest.State": "UNASSIGNED", "DelegationRequest.RequestorId": ASKER, "DelegationRequest.RequestorName": "Example CI",
        "DelegationRequest.SessionDuration": 900, "DelegationRequest.OnlySendByOwner": False, "PermissionCheckStatus": "COMPLETE",
        "PermissionCheckResult": "DENIED", "DelegationRequest.Permissions.Parameters[0].Values": [bucket]})
    run.check("its policy", lambda: json.loads(shown["DelegationRequest"]["PermissionPolicy"]), {"@": filled})
    run.check("in words", lambda: root.get_human_readable_summary(EntityArn=arn), {"SummaryState": "AVAILABLE", "Locale": "en"})
    run.check("in French", lambda: root.get_human_readable_summary(EntityArn=arn, Locale="fr"), {"SummaryState": "NOT_SUPPORTED"})
    run.check("it is hers", lambda: ann.associate_delegation_request(**it), {})
    run.check("no token yet", lambda: ann.send_delegation_token(**it), "InvalidInput")
    run.check("passed on", lambda: ann.update_delegation_request(**it, Notes="is this right?"), {})
    run.check("a list", lambda: ann.list_delegation_requests(OwnerId=ann_arn), {
        "DelegationRequests[].State": ["PENDING_APPROVAL"], "DelegationRequests[].Notes": ["is this right?"], "isTruncated": False})
    run.check("accepted", lambda: ann.accept_delegation_request(**it), {})
    run.check("sent", lambda: ann.send_delegation_token(**it), {})
    run.check("at its end", lambda: root.get_delegation_request(**it), {
        "DelegationRequest.State": "FINALIZED", "DelegationRequest.ApproverId": ann_arn, "DelegationRequest.OwnerId": ann_arn})
    run.check("rejected too late", lambda: ann.reject_delegation_request(**it), "InvalidInput")
    for state in ("ASSIGNED", "PENDING_APPROVAL", "ACCEPTED", "FINALIZED"):
        run.check(f"told that it is {state}", lambda: run.notice("StateChange", state), {"RequestId": made["DelegationRequestId"]})
    token = run.notice("ExchangeToken", "FINALIZED")["ExchangeToken"]
    redeem(run, token, ci_key, keys, bucket, ann_arn)
    again = run.check("another request", lambda: ci.create_delegation_request(**asked | {"RequestorWorkflowId": "workflow-3"}), {})
    other = {"DelegationRequestId": again["DelegationRequestId"]}
    ann.associate_delegation_request(**other)
    run.check("rejected", lambda: ann.reject_delegation_request(**other, Notes="no"), {})
    run.check("why", lambda: ann.get_delegation_request(**other), {
        "DelegationRequest.State": "REJECTED", "DelegationRequest.RejectionReason": "no"})
    root_s3.delete_object(Bucket=bucket, Key="a")
    root_s3.delete_bucket(Bucket=bucket)


def redeem(run, token, ci_key, keys, bucket, ann_arn):
    """The token is exchanged by whoever asked, again and again, and by nobody else."""
    asker, invalid = run.client("sts", ci_key), token[:-1] + ("A" if token[-1] != "A" else "B")
    got = run.check("credentials", lambda: asker.get_delegated_access_token(TradeInToken=token), {
        "AssumedPrincipal": ann_arn, "PackedPolicySize": None, "starts_with(Credentials.AccessKeyId, 'ASIA')": True})
    run.check("others until the same moment", lambda: asker.get_delegated_access_token(TradeInToken=token), {
        "Credentials.Expiration": got["Credentials"]["Expiration"]})
    run.check("an altered token", lambda: asker.get_delegated_access_token(TradeInToken=invalid), "ValidationError")
    run.check("the owner's root", lambda: run.client("sts", keys[OWNER]).get_delegated_access_token(TradeInToken=token), "AccessDenied")
    given = got["Credentials"]
    as_ann = given["AccessKeyId"], given["SecretAccessKey"]
    s3, token = run.client("s3", as_ann, given["SessionToken"]), given["SessionToken"]
    run.check("who one is", lambda: run.client("sts", as_ann, token).get_caller_identity(), {"Account": OWNER, "Arn": ann_arn})
    run.check("reads", lambda: s3.get_object(Bucket=bucket, Key="a"), {"ContentLength": 1})
    # The request's policy allows it, but she may not.
    run.check("writes", lambda: s3.put_object(Bucket=bucket, Key="a", Body=b"b"), "AccessDenied")
    # She may, but the request's policy does not allow it.
    run.check("reads elsewhere", lambda: s3.get_object(Bucket=f"{bucket}-other", Key="a"), "AccessDenied")
    run.check("IAM", lambda: run.client("iam", as_ann, token).list_delegation_requests(), "AccessDenied")


def main():
    store, access_key, secret_key = sys.argv[1:]
    with webhook() as (hook, seen), serving(store, access_key, secret_key, hook) as (endpoint, keys):
        run = Run(endpoint, seen)
        story(run, keys)
    json.dump(run.outcomes, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
