"""What the boto3 cases share: a server as one caller sees it, and short words for what is compared."""

import hashlib
import http.client
import urllib.parse

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


class World:
    """One server, one caller, and a prefix for the buckets of this run."""

    def __init__(self, endpoint, access_key, secret_key, prefix, region="us-east-1"):
        self.endpoint, self.prefix, self.count, self.made = endpoint, prefix, 0, []
        self.session = boto3.session.Session(access_key, secret_key, region_name=region)
        self.s3 = self.client()
        self.chunked = self.client(payload_signing_enabled=True)

    def client(self, service="s3", signature="s3v4", **s3):
        # s3v4 by name: without it boto3 presigns with signature version 2, which is refused.
        settings = Config(signature_version=signature, s3={"addressing_style": "path", **s3},
                          retries={"total_max_attempts": 1}, read_timeout=120)
        return self.session.client(service, endpoint_url=self.endpoint, config=settings)

    def bucket(self, **settings):
        self.count += 1
        name = f"{self.prefix}-{self.count}"
        self.s3.create_bucket(Bucket=name, **settings)
        self.made.append(name)
        return name

    def bucket_of(self, keys, body=b"x"):
        name = self.bucket()
        for key in keys:
            self.s3.put_object(Bucket=name, Key=key, Body=body)
        return name

    def clean(self):
        for name in self.made:
            empty(self.s3, name)
            quietly(lambda: self.s3.delete_bucket(Bucket=name))


def empty(s3, name):
    listed = quietly(lambda: s3.list_object_versions(Bucket=name)) or {}
    for entry in listed.get("Versions", []) + listed.get("DeleteMarkers", []):
        quietly(lambda: s3.delete_object(Bucket=name, Key=entry["Key"], VersionId=entry["VersionId"]))
    for entry in (quietly(lambda: s3.list_objects_v2(Bucket=name)) or {}).get("Contents", []):
        quietly(lambda: s3.delete_object(Bucket=name, Key=entry["Key"]))


def quietly(call):
    try:
        return call()
    except ClientError:
        return None


def error(call):
    """The code and status of the error that a call must end in."""
    try:
        call()
    except ClientError as failure:
        return [failure.response["Error"]["Code"], failure.response["ResponseMetadata"]["HTTPStatusCode"]]
    return "no error"


def seen(call):
    """What a call brings, or its error: for cases in which several calls stand side by side."""
    try:
        return call()
    except ClientError as failure:
        return [failure.response["Error"]["Code"], failure.response["ResponseMetadata"]["HTTPStatusCode"]]


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def noise(size, seed=b"noise"):
    block = hashlib.sha512(seed).digest() * 1024
    return (block * (size // len(block) + 1))[:size]


def body(answer):
    return digest(answer["Body"].read())


def pick(answer, *names):
    return {name: answer.get(name) for name in names}


def keys(answer, name="Contents"):
    return [entry["Key"] for entry in answer.get(name, [])]


def prefixes(answer):
    return [entry["Prefix"] for entry in answer.get("CommonPrefixes", [])]


def raw(method, url, data=None, headers=None):
    """A request by a client that knows nothing of S3: a browser, say."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    connection.request(method, urllib.parse.urlunsplit(("", "", parts.path, parts.query, "")), data, headers or {})
    answer = connection.getresponse()
    return answer.status, answer.read(), dict(answer.getheaders())


def post(form, data, content_type="application/octet-stream"):
    """Sends a form with a file, as a browser does."""
    boundary = "a-boundary-of-a-form"
    lines = []
    for field, value in form["fields"].items():
        lines.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode())
    lines.append(f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file.bin"\r\n'
                 f"Content-Type: {content_type}\r\n\r\n".encode())
    whole = b"".join(lines) + data + f"\r\n--{boundary}--\r\n".encode()
    return raw("POST", form["url"], whole, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
