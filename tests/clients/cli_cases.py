"""What the command line clients do with an S3 server: for each client a table of things to do.

A row reads: what is done | what a caller without a policy is denied | the command. `$b` is the bucket, `$f` a folder with
files, `$e` the endpoint. The denied action is followed by its resource; `head` before it says that the client sees only the
status, since the answer to HEAD has no body (`silent`: not even that). An outcome is what the command brought back where that is compared, else `done`;
a failure is shown by the server's code.
"""

import hashlib
import json
import os
import re
import shlex
import string
import tempfile
import urllib.request
from dataclasses import dataclass

import aws_cli

SIZES = {"nothing": 0, "small": 65_536, "big": 64 << 20}

AWS = """
make               | s3:CreateBucket $b                  | s3 mb s3://$b
buckets            | s3:ListAllMyBuckets *               | s3 ls
put nothing        | s3:PutObject $b/nothing             | s3 cp $f/nothing s3://$b/nothing
put                | s3:PutObject $b/a/small             | s3 cp $f/small s3://$b/a/small
put in parts       | s3:PutObject $b/a/big               | s3 cp $f/big s3://$b/a/big
put an odd key     | s3:PutObject $b/odd/.a b+ä%25&é/x  | s3 cp $f/small 's3://$b/odd/.a b+ä%25&é/x'
list               | s3:ListBucket $b                    | s3 ls --recursive s3://$b
list folders       | s3:ListBucket $b                    | s3 ls s3://$b
list pages         | s3:ListBucket $b                    | s3api list-objects-v2 --bucket $b --page-size 2 --query Contents[].Key
list as before     | s3:ListBucket $b                    | s3api list-objects --bucket $b --delimiter / --prefix a --query CommonPrefixes
get                | head s3:GetObject $b/a/small        | s3 cp s3://$b/a/small $f/got
get in parts       | head s3:GetObject $b/a/big          | s3 cp s3://$b/a/big $f/got
get an odd key     | head s3:GetObject $b/odd/.a b+ä%25&é/x | s3 cp 's3://$b/odd/.a b+ä%25&é/x' $f/got
get a range        | s3:GetObject $b/a/small             | s3api get-object --bucket $b --key a/small --range bytes=10-19 $f/got
get if changed     | s3:GetObject $b/a/small             | s3api get-object --bucket $b --key a/small --if-none-match $m $f/got
get if unchanged   | s3:GetObject $b/a/small             | s3api get-object --bucket $b --key a/small --if-match $m $f/got
get presigned      | s3:GetObject $b/a/small             | s3 presign s3://$b/a/small
copy               | s3:PutObject $b/copy                | s3api copy-object --copy-source $b/a/small --bucket $b --key copy --query CopyObjectResult.ETag
copy in parts      | head s3:GetObject $b/a/big          | s3 cp s3://$b/a/big s3://$b/copied
synchronize        | s3:ListBucket $b                    | s3 sync s3://$b/a $f/synced
head               | head s3:GetObject $b/a/small        | s3api head-object --bucket $b --key a/small --query ContentLength
tags               | s3:PutObjectTagging $b/a/small      | s3api put-object-tagging --bucket $b --key a/small --tagging TagSet=[{Key=a,Value=1}]
tags read          | s3:GetObjectTagging $b/a/small      | s3api get-object-tagging --bucket $b --key a/small --output text
open               | s3:PutBucketPublicAccessBlock $b    | s3api delete-public-access-block --bucket $b
acl                | s3:PutObjectAcl $b/a/small          | s3api put-object-acl --bucket $b --key a/small --acl public-read
acl read           | s3:GetObjectAcl $b/a/small          | s3api get-object-acl --bucket $b --key a/small --query sort(Grants[].Permission)
lifecycle          | s3:PutLifecycleConfiguration $b     | s3api put-bucket-lifecycle-configuration --bucket $b --lifecycle-configuration '{"Rules":[{"ID":"r","Status":"Enabled","Filter":{"Prefix":"t/"},"Expiration":{"Days":3}}]}'
lifecycle read     | s3:GetLifecycleConfiguration $b     | s3api get-bucket-lifecycle-configuration --bucket $b --query Rules
cors               | s3:PutBucketCORS $b                 | s3api put-bucket-cors --bucket $b --cors-configuration '{"CORSRules":[{"AllowedMethods":["GET"],"AllowedOrigins":["*"]}]}'
cors read          | s3:GetBucketCORS $b                 | s3api get-bucket-cors --bucket $b --query CORSRules
remove             | s3:DeleteObject $b/copy             | s3 rm s3://$b/copy
remove several     | batch s3:DeleteObject $b/copied     | s3api delete-objects --bucket $b --delete Objects=[{Key=copied},{Key=nothing}]
keep versions      | s3:PutBucketVersioning $b           | s3api put-bucket-versioning --bucket $b --versioning-configuration Status=Enabled
a second version   | s3:PutObject $b/a/small             | s3api put-object --bucket $b --key a/small --body $f/small --query ETag
list versions      | s3:ListBucketVersions $b            | s3api list-object-versions --bucket $b --prefix a/small --query Versions[].IsLatest
remove all         | s3:ListBucket $b                    | s3 rm --recursive s3://$b
remove versions    | s3:ListBucketVersions $b            | versions $b
remove the bucket  | s3:DeleteBucket $b                  | s3 rb s3://$b
"""

S3CMD = """
make               | s3:CreateBucket $b                  | mb s3://$b
buckets            | s3:ListAllMyBuckets *               | ls
put nothing        | s3:PutObject $b/nothing             | put $f/nothing s3://$b/nothing
put                | s3:PutObject $b/a/small             | put $f/small s3://$b/a/small
put in parts       | s3:PutObject $b/a/big               | put $f/big s3://$b/a/big
put an odd key     | s3:PutObject $b/odd/.a b+ä%25&é/x  | put $f/small 's3://$b/odd/.a b+ä%25&é/x'
list               | s3:ListBucket $b                    | ls --recursive s3://$b
list folders       | s3:ListBucket $b                    | ls s3://$b
size               | s3:ListBucket $b                    | du s3://$b
get                | head s3:GetObject $b/a/small        | get --force s3://$b/a/small $f/got
get in parts       | head s3:GetObject $b/a/big          | get --force s3://$b/a/big $f/got
get an odd key     | head s3:GetObject $b/odd/.a b+ä%25&é/x | get --force 's3://$b/odd/.a b+ä%25&é/x' $f/got
copy               | s3:GetObjectAcl $b/a/small          | cp s3://$b/a/small s3://$b/copy
modify             | s3:GetObjectAcl $b/copy             | modify --add-header=Cache-Control:max-age=7 s3://$b/copy
synchronize        | s3:ListBucket $b                    | sync s3://$b/a/ $f/synced/
head               | head s3:GetObject $b/a/small        | info s3://$b/a/small
about the bucket   | s3:GetBucketLocation $b             | info s3://$b
acl                | s3:GetObjectAcl $b/a/small          | setacl --acl-private s3://$b/a/small
lifecycle          | s3:PutLifecycleConfiguration $b     | setlifecycle $f/lifecycle.xml s3://$b
lifecycle read     | s3:GetLifecycleConfiguration $b     | getlifecycle s3://$b
lifecycle gone     | s3:PutLifecycleConfiguration $b     | dellifecycle s3://$b
cors               | s3:PutBucketCORS $b                 | setcors $f/cors.xml s3://$b
cors gone          | s3:PutBucketCORS $b                 | delcors s3://$b
uploads            | s3:ListBucketMultipartUploads $b    | multipart s3://$b
move               | s3:GetObjectAcl $b/copy             | mv s3://$b/copy s3://$b/moved
remove             | s3:DeleteObject $b/moved            | rm s3://$b/moved
remove all         | s3:ListBucket $b                    | rm --recursive --force s3://$b
remove the bucket  | s3:DeleteBucket $b                  | rb s3://$b
"""

RCLONE = """
make               | s3:CreateBucket $b                  | mkdir r:$b
buckets            | s3:ListAllMyBuckets *               | lsf r:
put nothing        | head s3:GetObject $b/nothing        | copyto $f/nothing r:$b/nothing
put                | head s3:GetObject $b/a/small        | copyto $f/small r:$b/a/small
put in parts       | head s3:GetObject $b/a/big          | copyto --s3-upload-cutoff 5Mi --s3-chunk-size 5Mi $f/big r:$b/a/big
put an odd key     | head s3:GetObject $b/odd/.a b+ä%25&é/x | copyto $f/small 'r:$b/odd/.a b+ä%25&é/x'
list               | s3:ListBucket $b                    | lsf -R r:$b
list folders       | s3:ListBucket $b                    | lsf r:$b
list pages         | s3:ListBucket $b                    | lsf -R --s3-list-chunk 2 r:$b
hashes             | s3:ListBucket $b                    | md5sum r:$b
size               | s3:ListBucket $b                    | size r:$b
get                | head s3:GetObject $b/a/small        | copyto r:$b/a/small $f/got
get in parts       | head s3:GetObject $b/a/big          | copyto r:$b/a/big $f/got
get a range        | head s3:GetObject $b/a/small        | cat --offset 10 --count 10 r:$b/a/small
get presigned      | head s3:GetObject $b/a/small        | link r:$b/a/small
copy               | head s3:GetObject $b/a/small        | copyto r:$b/a/small r:$b/copy
synchronize        | head s3:GetObject $b/a              | sync r:$b/a $f/synced
check              | head s3:GetObject $b/a              | check r:$b/a $f/synced
touch              | head s3:GetObject $b/copy           | touch r:$b/copy
move               | head s3:GetObject $b/copy           | moveto r:$b/copy r:$b/moved
remove             | silent s3:GetObject $b/moved        | deletefile r:$b/moved
remove all         | s3:ListBucket $b                    | delete r:$b
remove the bucket  | s3:DeleteBucket $b                  | rmdir r:$b
"""

CLIENTS = {
    "aws1": (os.environ.get("AWS_CLI_1", "aws") + " --endpoint-url $e", AWS),
    "aws2": (os.environ.get("AWS_CLI_2", "/usr/bin/aws") + " --endpoint-url $e --no-cli-pager", AWS),
    "s3cmd": ("s3cmd --no-progress -c $f/s3cfg", S3CMD),
    "rclone": ("rclone --retries 1 --low-level-retries 1", RCLONE),
}

LIFECYCLE = b"""<LifecycleConfiguration><Rule><ID>r</ID><Status>Enabled</Status><Filter><Prefix>t/</Prefix></Filter>
<Expiration><Days>3</Days></Expiration></Rule></LifecycleConfiguration>"""
CORS = b"""<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule>
</CORSConfiguration>"""


@dataclass
class Step:
    """A row of a table, with the names of this run put in."""

    what: str
    denied: str
    command: list


class Cli:
    """One client with one key and one bucket, in a home of its own."""

    def __init__(self, client, endpoint, access_key, secret_key, bucket):
        self.start, self.table = CLIENTS[client]
        self.bucket, self.endpoint = bucket, endpoint
        self.home = tempfile.TemporaryDirectory(prefix="clients-")
        self.folder = self.home.name
        for name, size in SIZES.items():
            self.file(name, (hashlib.sha512(b"cli").digest() * (size // 64 + 1))[:size])
        self.file("lifecycle.xml", LIFECYCLE)
        self.file("cors.xml", CORS)
        host = endpoint.removeprefix("http://")
        self.file("s3cfg", f"[default]\naccess_key = {access_key}\nsecret_key = {secret_key}\nhost_base = {host}\n"
                  f"host_bucket = {host}\nuse_https = False\nbucket_location = us-east-1\n"
                  f"max_retries = 1\nmultipart_chunk_size_mb = 15\n".encode())
        aws = self.file("aws", b"[default]\ns3 =\n  addressing_style = path\n  signature_version = s3v4\n")
        rclone = self.file("rclone", f"[r]\ntype = s3\nprovider = Other\nenv_auth = true\nregion = us-east-1\n"
                           f"endpoint = {endpoint}\nforce_path_style = true\n".encode())
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": self.folder, "LC_ALL": "C.UTF-8", "AWS_ACCESS_KEY_ID": access_key,
            "AWS_SECRET_ACCESS_KEY": secret_key, "AWS_DEFAULT_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1",
            "AWS_CONFIG_FILE": aws, "RCLONE_CONFIG": rclone,
        }

    def file(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as out:
            out.write(data)
        return path

    def steps(self):
        md5 = hashlib.md5(read(os.path.join(self.folder, "small"))).hexdigest()
        put_in = {"b": self.bucket, "f": self.folder, "e": self.endpoint, "m": f'"{md5}"'}
        filled = lambda text: string.Template(text).substitute(put_in)
        for row in self.table.strip().splitlines():
            what, denied, command = (cell.strip() for cell in row.split("|", 2))
            yield Step(what, filled(denied), [filled(word) for word in shlex.split(f"{self.start} {command}")])

    def run(self, command):
        """Whether a command succeeded, and what it printed; with what it complained of, if it failed."""
        if "versions" in command:
            return self.remove_versions(command)
        done = aws_cli.run(command, self.environment, timeout=300)
        return done.returncode == 0, done.stdout + (done.stderr if done.returncode else b"")

    def remove_versions(self, command):
        """The AWS CLI has no command for this; two in a row do it."""
        start = command[:command.index("versions")] + ["s3api"]
        there, listed = self.run(start + ["list-object-versions", "--bucket", self.bucket, "--output", "json"])
        if not there or not listed.strip():
            return there, listed
        listed = json.loads(listed)
        entries = listed.get("Versions", []) + listed.get("DeleteMarkers", [])
        objects = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
        return self.run(start + ["delete-objects", "--bucket", self.bucket, "--delete",
                                 json.dumps({"Objects": objects, "Quiet": True})]) if objects else (True, b"")


# What these print is compared; of the rest only whether it worked, or what was fetched.
SHOWN = re.compile(r"list|head|size|hashes|check|about|uploads|.* read|copy$|a second version|remove several")


def run(client, endpoint, access_key, secret_key, prefix):
    """What each row of a client's table brings."""
    cli, seen = Cli(client, endpoint, access_key, secret_key, f"{prefix}-{client}"), {}
    for step in cli.steps():
        worked, printed = cli.run(step.command)
        seen[step.what] = outcome(cli, step.what, printed) if worked else failure(printed)
    return seen


def outcome(cli, what, printed):
    if what == "buckets":
        return cli.bucket in printed.decode()
    if what == "get presigned":
        with urllib.request.urlopen(printed.decode().strip()) as answer:
            return digest(answer.read())
    if what.startswith("get"):
        got = os.path.join(cli.folder, "got")
        data = read(got) if os.path.exists(got) else printed
        if os.path.exists(got):
            os.remove(got)
        return digest(data)
    if what == "synchronize":
        return [digest(read(os.path.join(cli.folder, "synced", name))) for name in ("small", "big")]
    return stable(printed, cli.bucket) if SHOWN.match(what) else "done"


def failure(printed):
    text = printed.decode(errors="replace")
    code = re.search(r"\b([A-Z]\w+) operation\b|\((\w+)\)|\b(40\d|50\d|Forbidden)\b", text)
    return f"failed: {code.group(0) if code else text[-300:]}"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def stable(printed, bucket):
    """Without times, the bucket's name, other buckets, and ids of owners."""
    text = printed.decode(errors="replace")
    lines = [line for line in text.splitlines() if bucket in line or "s3://" not in line]
    times = r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT|\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(\.\d+)?Z?|[amc]time:\d+"
    return "\n".join(sorted(re.sub(times, "TIME", line).replace(bucket, "BUCKET") for line in lines))
