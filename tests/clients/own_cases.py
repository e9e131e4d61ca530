"""What the gateway answers by itself, as S3 does and Ceph does not: signatures that do not hold, or not any more, or of another
kind, requests without one, and S3 Control.

    own_cases.py ENDPOINT ACCESS_KEY SECRET_KEY ACCOUNT BUCKET       BUCKET holds the object `a`
"""

import json
import re
import sys
import time
import urllib.parse

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from boto_world import raw


def main():
    endpoint, access_key, secret_key, account, bucket = sys.argv[1:]

    def client(signature="s3v4", key=access_key, secret=secret_key, region="us-east-1"):
        settings = Config(signature_version=signature, s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
        return boto3.client("s3", endpoint_url=endpoint, aws_access_key_id=key, aws_secret_access_key=secret, region_name=region,
                            config=settings)

    def get(s3):
        return lambda: s3.get_object(Bucket=bucket, Key="a")["Body"].read().decode()

    def put(s3):
        return lambda: s3.put_object(Bucket=bucket, Key="a", Body=b"x")["ResponseMetadata"]["HTTPStatusCode"]

    def fetch(url):
        status, body, _ = raw("GET", url)
        code = re.search(r"<Code>(.*?)</Code><Message>(.*?)</Message>", body.decode())
        return [status, *(code.groups() if code else [body.decode()])]

    def presigned(signature, seconds=60, wait=0):
        url = client(signature).generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a"}, ExpiresIn=seconds)
        time.sleep(wait)
        return lambda: fetch(url)

    def control(operation, host=endpoint, of=account, **parameters):
        # boto3 puts the account in front of the host, and not every machine finds names below `localhost`: the request goes
        # to the gateway as to a proxy, which changes nothing of what is signed.
        settings = Config(retries={"total_max_attempts": 1}, proxies={"http": endpoint})
        s3control = boto3.client("s3control", endpoint_url=host, aws_access_key_id=access_key, aws_secret_access_key=secret_key,
                                 region_name="us-east-1", config=settings)

        def call():
            answer = getattr(s3control, operation)(AccountId=of, **parameters)
            return answer.get("PublicAccessBlockConfiguration", answer["ResponseMetadata"]["HTTPStatusCode"])
        return call

    by_name = f"http://localhost:{urllib.parse.urlsplit(endpoint).port}"
    block = {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": True, "RestrictPublicBuckets": False}
    no_block = ["NoSuchPublicAccessBlockConfiguration", 404, "The public access block configuration was not found"]

    no_match = ("The request signature we calculated does not match the signature you provided. "
                "Check your key and signing method.")
    unknown = "The AWS Access Key Id you provided does not exist in our records."
    no_v2 = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
    table = (
        ("SigV4A, an upload", put(client("s3v4a")), 200),
        ("SigV4A, a download", get(client("s3v4a")), "x"),
        ("SigV4A with another secret", get(client("s3v4a", secret="no")), ["SignatureDoesNotMatch", 403, no_match]),
        ("another secret", get(client(secret="no")), ["SignatureDoesNotMatch", 403, no_match]),
        ("another secret, an upload", put(client(secret="no")), ["SignatureDoesNotMatch", 403, no_match]),
        ("another key", get(client(key="AKIANOBODYSKEYATALL0")), ["InvalidAccessKeyId", 403, unknown]),
        ("another region, which the client corrects", get(client(region="eu-central-1")), "x"),
        ("nobody", get(client(UNSIGNED)), ["AccessDenied", 403]),
        ("signature version 2", get(client("s3")), ["InvalidRequest", 400, no_v2]),
        ("presigned", presigned("s3v4"), [200, "x"]),
        ("presigned with version 2", presigned("s3"), [400, "InvalidRequest", no_v2]),
        ("presigned too long ago", presigned("s3v4", seconds=1, wait=2), [403, "AccessDenied", "Request has expired"]),
        ("no block of the account", control("get_public_access_block"), no_block),
        ("the account's block is set", control("put_public_access_block", PublicAccessBlockConfiguration=block), 200),
        ("the account's block", control("get_public_access_block"), block),
        ("the account's block, at a host with a name", control("get_public_access_block", host=by_name), block),
        ("another account's block", control("get_public_access_block", of="999999999999"), ["AccessDenied", 403, "Access Denied"]),
        ("the account's block is taken away", control("delete_public_access_block"), 200),
        ("no block of the account any more", control("get_public_access_block"), no_block),
        ("S3 Control's jobs", control("list_jobs"), ["NotImplemented", 501, "The operation ListJobs of S3 Control is not implemented."]),
    )
    seen = {}
    for what, call, expected in table:
        try:
            found = call()
        except ClientError as failure:
            error = failure.response["Error"]
            found = [error["Code"], failure.response["ResponseMetadata"]["HTTPStatusCode"], error["Message"]]
        # Where no message is expected, any will do.
        told = found[:len(expected)] if isinstance(expected, list) else found
        seen[what] = "as expected" if told == expected else f"{found!r} instead of {expected!r}"
    json.dump(seen, sys.stdout, indent=1)


main()
