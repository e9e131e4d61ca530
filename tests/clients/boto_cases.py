"""What boto3 does with an S3 server, as cases. Each returns what it saw, without ids, times and names of the run."""

import hashlib
import http.client
import io
import urllib.parse

import boto3
import boto3.s3.transfer
from botocore.config import Config
from botocore.exceptions import ClientError

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


class World:
    """One server, one caller, and a prefix for the buckets of this run."""

    def __init__(self, endpoint, access_key, secret_key, prefix, region="us-east-1"):
        self.endpoint, self.prefix, self.count = endpoint, prefix, 0
        session = boto3.session.Session(access_key, secret_key, region_name=region)
        self.s3 = session.client("s3", endpoint_url=endpoint, config=config())
        self.chunked = session.client("s3", endpoint_url=endpoint, config=config(payload_signing_enabled=True))
        self.made = []

    def bucket(self):
        self.count += 1
        name = f"{self.prefix}-{self.count}"
        self.s3.create_bucket(Bucket=name)
        self.made.append(name)
        return name

    def clean(self):
        for name in self.made:
            self.empty(name)
            quietly(lambda: self.s3.delete_bucket(Bucket=name))

    def empty(self, name):
        listed = quietly(lambda: self.s3.list_object_versions(Bucket=name)) or {}
        for entry in listed.get("Versions", []) + listed.get("DeleteMarkers", []):
            quietly(lambda: self.s3.delete_object(Bucket=name, Key=entry["Key"], VersionId=entry["VersionId"]))
        for entry in (quietly(lambda: self.s3.list_objects_v2(Bucket=name)) or {}).get("Contents", []):
            quietly(lambda: self.s3.delete_object(Bucket=name, Key=entry["Key"]))


def config(**s3):
    # s3v4 by name: without it boto3 presigns with signature version 2, which is refused.
    return Config(signature_version="s3v4", s3={"addressing_style": "path", **s3}, retries={"total_max_attempts": 1}, read_timeout=120)


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


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def noise(size, seed=b"noise"):
    block = hashlib.sha512(seed).digest() * 1024
    return (block * (size // len(block) + 1))[:size]


def body(answer):
    return digest(answer["Body"].read())


def pick(answer, *names):
    return {name: answer.get(name) for name in names}


def keys(answer):
    return [entry["Key"] for entry in answer.get("Contents", [])]


def raw(method, url, data=None, headers=None):
    """A request by a client that knows nothing of S3: a browser, say."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    connection.request(method, urllib.parse.urlunsplit(("", "", parts.path, parts.query, "")), data, headers or {})
    answer = connection.getresponse()
    return answer.status, answer.read(), dict(answer.getheaders())


@case
def buckets(w):
    name = w.bucket()
    names = [b["Name"] for b in w.s3.list_buckets()["Buckets"]]
    location = w.s3.get_bucket_location(Bucket=name)["LocationConstraint"]
    head = w.s3.head_bucket(Bucket=name)["ResponseMetadata"]["HTTPStatusCode"]
    w.s3.delete_bucket(Bucket=name)
    return [name in names, location, head, error(lambda: w.s3.head_bucket(Bucket=name))]


@case
def sizes(w):
    name, seen = w.bucket(), {}
    for size in (0, 1, 1023, 65536, 65537, 1 << 20, 5 << 20, 64 << 20):
        data = noise(size)
        put = w.s3.put_object(Bucket=name, Key=f"size-{size}", Body=data)
        got = w.s3.get_object(Bucket=name, Key=f"size-{size}")
        seen[size] = [put["ETag"], got["ContentLength"], body(got) == digest(data)]
    return seen


@case
def an_unknown_length(w):
    name = w.bucket()
    w.s3.upload_fileobj(io.BytesIO(noise(3 << 20)), name, "stream")
    return body(w.s3.get_object(Bucket=name, Key="stream"))


@case
def metadata(w):
    name = w.bucket()
    w.s3.put_object(Bucket=name, Key="k", Body=b"x", ContentType="text/plain", CacheControl="max-age=5",
                    ContentDisposition="attachment", ContentLanguage="de", ContentEncoding="gzip",
                    Metadata={"color": "red", "two-words": "a  b"})
    head = w.s3.head_object(Bucket=name, Key="k")
    return pick(head, "ContentType", "CacheControl", "ContentDisposition", "ContentLanguage", "ContentEncoding",
                "Metadata", "ContentLength", "ETag")


@case
def answers_rewritten(w):
    name = w.bucket()
    w.s3.put_object(Bucket=name, Key="k", Body=b"x")
    got = w.s3.get_object(Bucket=name, Key="k", ResponseContentType="text/csv", ResponseCacheControl="no-store",
                          ResponseContentDisposition='attachment; filename="a b.csv"')
    return pick(got, "ContentType", "CacheControl", "ContentDisposition")


@case
def odd_keys(w):
    name, seen = w.bucket(), {}
    for key in ("a b", "a+b", "a%2Fb", "ä/ö/ü", "a&b=c?d#e", "q'uo\"te", "tilde~-_.()*!", "emoji-\U0001f600", "a:b@c,d;e$f",
                "x/" * 50 + "y", "=", "[brackets]{}|^`<>\\"):
        w.s3.put_object(Bucket=name, Key=key, Body=key.encode())
        seen[key] = w.s3.get_object(Bucket=name, Key=key)["Body"].read().decode() == key
    seen["listed"] = keys(w.s3.list_objects_v2(Bucket=name))
    seen["copied"] = w.s3.copy_object(Bucket=name, Key="copy", CopySource={"Bucket": name, "Key": "ä/ö/ü"})[
        "CopyObjectResult"]["ETag"]
    return seen


@case
def ranges(w):
    name = w.bucket()
    w.s3.put_object(Bucket=name, Key="k", Body=noise(100_000))
    seen = {}
    for asked in ("bytes=0-0", "bytes=0-99", "bytes=99990-", "bytes=-10", "bytes=50-200000"):
        got = w.s3.get_object(Bucket=name, Key="k", Range=asked)
        seen[asked] = [got["ResponseMetadata"]["HTTPStatusCode"], got["ContentRange"], got["ContentLength"], body(got)]
    seen["beyond"] = error(lambda: w.s3.get_object(Bucket=name, Key="k", Range="bytes=100000-"))
    return seen


@case
def conditions(w):
    name = w.bucket()
    tag = w.s3.put_object(Bucket=name, Key="k", Body=b"x")["ETag"]
    modified = w.s3.head_object(Bucket=name, Key="k")["LastModified"]
    return [
        w.s3.get_object(Bucket=name, Key="k", IfMatch=tag)["ContentLength"],
        error(lambda: w.s3.get_object(Bucket=name, Key="k", IfMatch='"other"')),
        error(lambda: w.s3.get_object(Bucket=name, Key="k", IfNoneMatch=tag)),
        error(lambda: w.s3.get_object(Bucket=name, Key="k", IfModifiedSince=modified)),
        error(lambda: w.s3.head_object(Bucket=name, Key="k", IfNoneMatch=tag)),
    ]


@case
def listing(w):
    name = w.bucket()
    for key in ("a/1", "a/2", "b/1", "c", "d e", "f+g"):
        w.s3.put_object(Bucket=name, Key=key, Body=b"x")
    two = w.s3.list_objects_v2(Bucket=name, MaxKeys=2)
    rest = w.s3.list_objects_v2(Bucket=name, ContinuationToken=two["NextContinuationToken"])
    folders = w.s3.list_objects_v2(Bucket=name, Delimiter="/")
    one = w.s3.list_objects(Bucket=name, Prefix="a/", Marker="a/1")
    return [keys(two), two["IsTruncated"], keys(rest), rest["KeyCount"], keys(folders),
            [entry["Prefix"] for entry in folders["CommonPrefixes"]], keys(one),
            keys(w.s3.list_objects_v2(Bucket=name, StartAfter="c")),
            keys(w.s3.list_objects_v2(Bucket=name, Prefix="none"))]


@case
def copies(w):
    name, other = w.bucket(), w.bucket()
    w.s3.put_object(Bucket=name, Key="from", Body=noise(70_000), Metadata={"a": "1"}, ContentType="text/plain")
    w.s3.copy_object(Bucket=other, Key="to", CopySource=f"{name}/from")
    w.s3.copy_object(Bucket=other, Key="new", CopySource=f"{name}/from", MetadataDirective="REPLACE", Metadata={"b": "2"})
    return [body(w.s3.get_object(Bucket=other, Key="to")), w.s3.head_object(Bucket=other, Key="to")["Metadata"],
            w.s3.head_object(Bucket=other, Key="new")["Metadata"],
            error(lambda: w.s3.copy_object(Bucket=other, Key="x", CopySource=f"{name}/none"))]


@case
def multipart(w):
    name, size = w.bucket(), 5 << 20
    upload = w.s3.create_multipart_upload(Bucket=name, Key="k", Metadata={"a": "1"})["UploadId"]
    parts = []
    for number, data in ((1, noise(size, b"1")), (2, noise(1000, b"2"))):
        put = w.s3.upload_part(Bucket=name, Key="k", UploadId=upload, PartNumber=number, Body=data)
        parts.append({"PartNumber": number, "ETag": put["ETag"]})
    listed = [part["Size"] for part in w.s3.list_parts(Bucket=name, Key="k", UploadId=upload)["Parts"]]
    uploads = [entry["Key"] for entry in w.s3.list_multipart_uploads(Bucket=name).get("Uploads", [])]
    done = w.s3.complete_multipart_upload(Bucket=name, Key="k", UploadId=upload, MultipartUpload={"Parts": parts})
    got = w.s3.get_object(Bucket=name, Key="k")
    return [listed, uploads, done["ETag"], done["Key"], got["ContentLength"], body(got), got["Metadata"]]


@case
def multipart_copy(w):
    name, size = w.bucket(), 5 << 20
    w.s3.put_object(Bucket=name, Key="from", Body=noise(size + 500))
    upload = w.s3.create_multipart_upload(Bucket=name, Key="to")["UploadId"]
    parts = []
    for number, chosen in ((1, f"bytes=0-{size - 1}"), (2, f"bytes={size}-{size + 499}")):
        part = w.s3.upload_part_copy(Bucket=name, Key="to", UploadId=upload, PartNumber=number,
                                     CopySource=f"{name}/from", CopySourceRange=chosen)
        parts.append({"PartNumber": number, "ETag": part["CopyPartResult"]["ETag"]})
    w.s3.complete_multipart_upload(Bucket=name, Key="to", UploadId=upload, MultipartUpload={"Parts": parts})
    return body(w.s3.get_object(Bucket=name, Key="to"))


@case
def multipart_aborted(w):
    name = w.bucket()
    upload = w.s3.create_multipart_upload(Bucket=name, Key="k")["UploadId"]
    w.s3.upload_part(Bucket=name, Key="k", UploadId=upload, PartNumber=1, Body=b"x")
    w.s3.abort_multipart_upload(Bucket=name, Key="k", UploadId=upload)
    return [error(lambda: w.s3.list_parts(Bucket=name, Key="k", UploadId=upload)),
            error(lambda: w.s3.head_object(Bucket=name, Key="k"))]


@case
def multipart_by_the_transfer_manager(w):
    name, data = w.bucket(), noise(20 << 20)
    w.s3.upload_fileobj(io.BytesIO(data), name, "big", Config=boto3.s3.transfer.TransferConfig(multipart_threshold=6 << 20))
    into = io.BytesIO()
    w.s3.download_fileobj(name, "big", into)
    return digest(into.getvalue()) == digest(data)


@case
def deletes(w):
    name = w.bucket()
    for key in ("a", "b", "c d", "ä&<>"):
        w.s3.put_object(Bucket=name, Key=key, Body=b"x")
    w.s3.delete_object(Bucket=name, Key="a")
    again = w.s3.delete_object(Bucket=name, Key="a")["ResponseMetadata"]["HTTPStatusCode"]
    done = w.s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": k} for k in ("b", "c d", "ä&<>", "none")]})
    quiet = w.s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "b"}], "Quiet": True})
    return [again, sorted(entry["Key"] for entry in done["Deleted"]), quiet.get("Deleted"),
            keys(w.s3.list_objects_v2(Bucket=name))]


@case
def checksums(w):
    name, seen = w.bucket(), {}
    for algorithm in ("CRC32", "SHA1", "SHA256"):
        for client, kind in ((w.s3, "plain"), (w.chunked, "signed")):
            client.put_object(Bucket=name, Key=algorithm, Body=noise(100_000), ChecksumAlgorithm=algorithm)
            seen[f"{algorithm} {kind}"] = body(w.s3.get_object(Bucket=name, Key=algorithm))
    seen["wrong md5"] = error(
        lambda: w.s3.put_object(Bucket=name, Key="bad", Body=b"x", ContentMD5="AAAAAAAAAAAAAAAAAAAAAA=="))
    seen["wrong checksum"] = error(lambda: w.s3.put_object(Bucket=name, Key="bad", Body=b"x", ChecksumSHA256="A" * 43 + "="))
    seen["left nothing"] = error(lambda: w.s3.head_object(Bucket=name, Key="bad"))
    return seen


@case
def tagging(w):
    name = w.bucket()
    w.s3.put_object(Bucket=name, Key="k", Body=b"x", Tagging="a=1&b=two%20words")
    first = w.s3.get_object_tagging(Bucket=name, Key="k")["TagSet"]
    w.s3.put_object_tagging(Bucket=name, Key="k", Tagging={"TagSet": [{"Key": "c", "Value": "3"}]})
    second = w.s3.get_object_tagging(Bucket=name, Key="k")["TagSet"]
    w.s3.delete_object_tagging(Bucket=name, Key="k")
    third = w.s3.get_object_tagging(Bucket=name, Key="k")["TagSet"]
    w.s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "d", "Value": "4"}]})
    return [sorted(map(str, first)), second, third, w.s3.get_bucket_tagging(Bucket=name)["TagSet"]]


@case
def versions(w):
    name = w.bucket()
    w.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    first = w.s3.put_object(Bucket=name, Key="k", Body=b"one")["VersionId"]
    w.s3.put_object(Bucket=name, Key="k", Body=b"two")
    marker = w.s3.delete_object(Bucket=name, Key="k")
    listed = w.s3.list_object_versions(Bucket=name)
    seen = [w.s3.get_bucket_versioning(Bucket=name)["Status"], marker["DeleteMarker"], len(listed["Versions"]),
            len(listed["DeleteMarkers"]), error(lambda: w.s3.get_object(Bucket=name, Key="k")),
            body(w.s3.get_object(Bucket=name, Key="k", VersionId=first))]
    w.s3.delete_object(Bucket=name, Key="k", VersionId=marker["VersionId"])
    seen.append(body(w.s3.get_object(Bucket=name, Key="k")))
    w.s3.copy_object(Bucket=name, Key="old", CopySource={"Bucket": name, "Key": "k", "VersionId": first})
    seen.append(body(w.s3.get_object(Bucket=name, Key="old")))
    return seen


@case
def bucket_settings(w):
    name = w.bucket()
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 3}}
    w.s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    w.s3.put_bucket_cors(Bucket=name, CORSConfiguration={
        "CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://example.com"]}]})
    seen = [w.s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]["Expiration"],
            w.s3.get_bucket_cors(Bucket=name)["CORSRules"][0]["AllowedMethods"]]
    w.s3.delete_bucket_lifecycle(Bucket=name)
    w.s3.delete_bucket_cors(Bucket=name)
    seen += [error(lambda: w.s3.get_bucket_lifecycle_configuration(Bucket=name)),
             error(lambda: w.s3.get_bucket_cors(Bucket=name))]
    return seen


@case
def access_control_lists(w):
    name = w.bucket()
    w.s3.put_object(Bucket=name, Key="k", Body=b"x")
    w.s3.put_object_acl(Bucket=name, Key="k", ACL="public-read")
    grants = w.s3.get_object_acl(Bucket=name, Key="k")["Grants"]
    return [sorted(grant["Permission"] for grant in grants), len(w.s3.get_bucket_acl(Bucket=name)["Grants"])]


@case
def object_lock(w):
    w.count += 1
    name = f"{w.prefix}-{w.count}"
    w.s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    w.made.append(name)
    w.s3.put_object(Bucket=name, Key="k", Body=b"x")
    w.s3.put_object_legal_hold(Bucket=name, Key="k", LegalHold={"Status": "ON"})
    version = w.s3.head_object(Bucket=name, Key="k")["VersionId"]
    held = error(lambda: w.s3.delete_object(Bucket=name, Key="k", VersionId=version))
    seen = [w.s3.get_object_legal_hold(Bucket=name, Key="k")["LegalHold"]["Status"], held]
    w.s3.put_object_legal_hold(Bucket=name, Key="k", LegalHold={"Status": "OFF"})
    return seen


@case
def presigned(w):
    name, data = w.bucket(), noise(50_000)
    put = w.s3.generate_presigned_url("put_object", {"Bucket": name, "Key": "a b/ä"}, ExpiresIn=60)
    get = w.s3.generate_presigned_url("get_object", {"Bucket": name, "Key": "a b/ä"}, ExpiresIn=60)
    stored = raw("PUT", put, data)[0]
    status, got, _ = raw("GET", get)
    head = raw("HEAD", get)[0]
    return [stored, status, digest(got) == digest(data), head, raw("GET", get.replace("a%20b", "other"))[0]]


@case
def forms(w):
    name, data = w.bucket(), noise(30_000)
    form = w.s3.generate_presigned_post(name, "up/${filename}", {"success_action_status": "201"},
                                        [{"success_action_status": "201"}, ["starts-with", "$key", "up/"],
                                         ["content-length-range", 1, 40_000]], ExpiresIn=60)
    posted = post(form, data)
    too_long = post(form, data * 2)
    changed = post({**form, "fields": {**form["fields"], "key": "elsewhere"}}, data)
    return [posted[0], body(w.s3.get_object(Bucket=name, Key="up/file.bin")) == digest(data), too_long[0], changed[0],
            keys(w.s3.list_objects_v2(Bucket=name))]


def post(form, data):
    boundary = "a-boundary-of-a-form"
    lines = []
    for field, value in form["fields"].items():
        lines.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode())
    lines.append(f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file.bin"\r\n'
                 f"Content-Type: application/octet-stream\r\n\r\n".encode())
    whole = b"".join(lines) + data + f"\r\n--{boundary}--\r\n".encode()
    return raw("POST", form["url"], whole, {"Content-Type": f"multipart/form-data; boundary={boundary}"})


@case
def what_is_not_there(w):
    name = w.bucket()
    none = f"{w.prefix}-none"
    return [error(lambda: w.s3.get_object(Bucket=name, Key="none")), error(lambda: w.s3.head_object(Bucket=name, Key="none")),
            error(lambda: w.s3.list_objects_v2(Bucket=none)), error(lambda: w.s3.get_object(Bucket=none, Key="k")),
            error(lambda: w.s3.delete_bucket(Bucket=none)), error(lambda: w.s3.get_bucket_policy(Bucket=name)),
            error(lambda: w.s3.upload_part(Bucket=name, Key="k", UploadId="none", PartNumber=1, Body=b"x"))]


@case
def a_bucket_that_is_not_empty(w):
    name = w.bucket()
    w.s3.put_object(Bucket=name, Key="k", Body=b"x")
    return error(lambda: w.s3.delete_bucket(Bucket=name))
