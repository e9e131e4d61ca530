"""What the command line clients do with an S3 server: for each client, a command line for each thing to do.

A command's outcome is its exit status, and what it brought back where it brings something back. Messages are kept only
for failures, in the client's own words up to the server's code.
"""

import hashlib
import os
import re
import subprocess
import tempfile
import urllib.parse

BIG = 20 << 20


class Cli:
    def __init__(self, client, endpoint, access_key, secret_key, prefix):
        self.endpoint, self.bucket = endpoint, f"{prefix}-{client}"
        self.folder = tempfile.mkdtemp(prefix="clients-")
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": self.folder, "AWS_ACCESS_KEY_ID": access_key,
            "AWS_SECRET_ACCESS_KEY": secret_key, "AWS_DEFAULT_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1",
            "AWS_CONFIG_FILE": self.file("aws", b"[default]\ns3 =\n  addressing_style = path\n  signature_version = s3v4\n"),
            "RCLONE_CONFIG": self.file("rclone", f"[r]\ntype = s3\nprovider = Other\nenv_auth = true\nregion = us-east-1\n"
                                       f"endpoint = {endpoint}\nforce_path_style = true\n".encode()),
        }
        host = urllib.parse.urlsplit(endpoint).netloc
        self.file("s3cfg", f"[default]\naccess_key = {access_key}\nsecret_key = {secret_key}\nhost_base = {host}\n"
                  f"host_bucket = {host}\nuse_https = False\nbucket_location = us-east-1\n"
                  f"max_retries = 1\nmultipart_chunk_size_mb = 5\n".encode())
        for size in (0, 65_536, BIG):
            self.file(f"{size}.bin", (hashlib.sha512(b"cli").digest() * (BIG // 64))[:size])

    def file(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as out:
            out.write(data)
        return path

    def run(self, command):
        command = command.format(e=self.endpoint, b=self.bucket, f=self.folder)
        done = subprocess.run(command.split(" "), env=self.environment, capture_output=True, timeout=300)
        if done.returncode != 0:
            said = (done.stdout + done.stderr).decode(errors="replace")
            code = re.search(r"\b(AccessDenied|NoSuchBucket|NoSuchKey|SignatureDoesNotMatch|Forbidden|Not Found|403|404|400|50\d)\b", said)
            return f"failed: {code.group(1) if code else said[-300:]}"
        return done.stdout


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def read(path):
    if not os.path.exists(path):
        return "no file"
    with open(path, "rb") as file:
        return digest(file.read())


AWS = {
    "make": "s3 mb s3://{b}",
    "put nothing": "s3 cp {f}/0.bin s3://{b}/nothing",
    "put": "s3 cp {f}/65536.bin s3://{b}/a/small",
    "put in parts": "s3 cp {f}/20971520.bin s3://{b}/a/big",
    "list": "s3 ls --recursive s3://{b}",
    "get": "s3 cp s3://{b}/a/small {f}/got",
    "get in parts": "s3 cp s3://{b}/a/big {f}/got",
    "copy": "s3 cp s3://{b}/a/small s3://{b}/copy",
    "copy in parts": "s3 cp s3://{b}/a/big s3://{b}/copied",
    "synchronize": "s3 sync s3://{b}/a {f}/synced",
    "head": "s3api head-object --bucket {b} --key a/small --query ContentLength",
    "tags": "s3api put-object-tagging --bucket {b} --key a/small --tagging TagSet=[{{Key=a,Value=1}}]",
    "tags read": "s3api get-object-tagging --bucket {b} --key a/small --output text",
    "remove": "s3 rm s3://{b}/copy",
    "remove all": "s3 rm --recursive s3://{b}",
    "remove the bucket": "s3 rb s3://{b}",
}

S3CMD = {
    "make": "mb s3://{b}",
    "put nothing": "put {f}/0.bin s3://{b}/nothing",
    "put": "put {f}/65536.bin s3://{b}/a/small",
    "put in parts": "put {f}/20971520.bin s3://{b}/a/big",
    "list": "ls --recursive s3://{b}",
    "get": "get --force s3://{b}/a/small {f}/got",
    "get in parts": "get --force s3://{b}/a/big {f}/got",
    "copy": "cp s3://{b}/a/small s3://{b}/copy",
    "synchronize": "sync s3://{b}/a/ {f}/synced/",
    "head": "info s3://{b}/a/small",
    "move": "mv s3://{b}/copy s3://{b}/moved",
    "remove": "rm s3://{b}/moved",
    "remove all": "rm --recursive --force s3://{b}",
    "remove the bucket": "rb s3://{b}",
}

RCLONE = {
    "make": "mkdir r:{b}",
    "put nothing": "copyto {f}/0.bin r:{b}/nothing",
    "put": "copyto {f}/65536.bin r:{b}/a/small",
    "put in parts": "copyto --s3-upload-cutoff 5Mi --s3-chunk-size 5Mi {f}/20971520.bin r:{b}/a/big",
    "list": "lsf -R r:{b}",
    "get": "copyto r:{b}/a/small {f}/got",
    "get in parts": "copyto r:{b}/a/big {f}/got",
    "copy": "copyto r:{b}/a/small r:{b}/copy",
    "synchronize": "sync r:{b}/a {f}/synced",
    "check": "check r:{b}/a {f}/synced",
    "read": "cat r:{b}/a/small",
    "remove": "deletefile r:{b}/copy",
    "remove all": "delete r:{b}",
    "remove the bucket": "rmdir r:{b}",
}

CLIENTS = {
    "aws1": (os.environ.get("AWS_CLI_1", "aws") + " --endpoint-url {e} --no-cli-pager ", AWS),
    "aws2": (os.environ.get("AWS_CLI_2", "/usr/bin/aws") + " --endpoint-url {e} --no-cli-pager ", AWS),
    "s3cmd": ("s3cmd --quiet -c {f}/s3cfg ", S3CMD),
    "rclone": ("rclone --retries 1 --low-level-retries 1 ", RCLONE),
}

# What these bring back is compared; of the rest only whether it worked.
SHOWN = {"list", "head", "tags read", "read", "check"}


def run(client, endpoint, access_key, secret_key, prefix, bucket=None):
    cli = Cli(client, endpoint, access_key, secret_key, prefix)
    cli.bucket = bucket or cli.bucket
    start, actions = CLIENTS[client]
    if client == "aws1":
        start = start.replace(" --no-cli-pager", "")
    seen = {}
    for action, command in actions.items():
        outcome = cli.run(start + command)
        if isinstance(outcome, bytes):
            outcome = digest(stable(outcome, cli.bucket)) if action in SHOWN else "done"
            if action.startswith("get"):
                outcome = read(os.path.join(cli.folder, "got"))
            if action == "synchronize":
                outcome = [read(os.path.join(cli.folder, "synced", name)) for name in ("small", "big")]
        seen[action] = outcome
    return seen


def stable(output, bucket):
    """Without times and the bucket's name."""
    text = output.decode(errors="replace").replace(bucket, "BUCKET")
    text = re.sub(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT|\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?|mtime:\d+|atime:\d+|ctime:\d+", "TIME", text)
    return text.encode()
