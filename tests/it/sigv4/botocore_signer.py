"""Signs a generated set of requests with botocore, at a fixed time, and prints them as JSON.

The set is the same in every run: the generator is seeded. Asymmetric signatures (SigV4A) are made if awscrt is there.
"""

import base64
import datetime
import io
import json
import random
import sys
import urllib.parse

try:
    import botocore
    from botocore import auth, httpchecksum
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
except ImportError as error:
    sys.exit(f"botocore is missing ({error}): python3 -m pip install botocore")

try:
    from botocore.crt import auth as crt_auth
except ImportError:
    crt_auth = None

AT = datetime.datetime(2013, 5, 24, tzinfo=datetime.timezone.utc)
HOST = "bucket.s3.local:9000"
ACCESS_KEY, SECRET_KEY = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TOKEN = "IQoJb3JpZ2luX2VjEN//////////wEaCXVzLWVhc3QtMSJI+A=="


def fixed_time(remove_tzinfo=True):
    return AT.replace(tzinfo=None) if remove_tzinfo else AT


def stop_the_clock():
    for module in filter(None, (auth, crt_auth)):
        if not hasattr(module, "get_current_datetime"):
            sys.exit("this botocore takes its time elsewhere: 1.40 or newer is needed")
        module.get_current_datetime = fixed_time


class Generator:
    """Odd requests."""

    ALPHABETS = ("abcXYZ019-._~", " !$&'()*+,;=:@/?#[]%\"<>\\^`{|}", "\u00e9\u6f22\U0001f600")

    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self, longest, alphabets=ALPHABETS):
        length = self.random.randrange(longest + 1)
        return "".join(self.random.choice(self.random.choice(alphabets)) for _ in range(length))

    def path(self, is_s3):
        names = [self.text(6) for _ in range(self.random.randrange(5))]
        names += self.random.choices(["", ".", "..", "a b", "%2F"], k=self.random.randrange(3))
        self.random.shuffle(names)
        if is_s3:
            return "/" + urllib.parse.quote("/".join(names), safe="/-._~")
        # What leads above the root is refused here, and a path that ends in dots is read in two ways by signers.
        names = [name for name in names if name not in ("..", ".")]
        if names and self.random.random() < 0.3:
            names[1:1] = ["x", "..", "."]
        return "/" + "/".join(urllib.parse.quote(name, safe="-._~") for name in names + ["end"])

    def query(self, repeats):
        pairs = [(self.text(4), self.text(6)) for _ in range(self.random.randrange(5))]
        if repeats and pairs:
            pairs.append((pairs[0][0], self.text(3)))
        quote = lambda text: urllib.parse.quote(text, safe="-._~")
        pieces = [quote(name) + ("=" + quote(value) if value or self.random.random() < 0.5 else "")
                  for name, value in pairs if name or value]
        return "&".join(pieces)

    def headers(self):
        blanks = lambda: self.random.choice(["", " ", "  ", "\t "])
        value = lambda: blanks() + self.text(5, ("abc", "0= ,;\"/")) + blanks() + self.text(5, ("abc",)) + blanks()
        names = ["Content-Type", "X-Amz-Meta-A", "x-amz-meta-b", "Range", "X-Custom", "User-Agent", "Expect", "x-amz-acl"]
        headers = [(name, value()) for name in self.random.sample(names, self.random.randrange(4))]
        if self.random.random() < 0.2:
            headers += [("X-Repeated", "b"), ("x-repeated", "a")]
        return headers

    def body(self):
        return self.random.randbytes(self.random.randrange(40))


def request(method, path, query, headers, body=b""):
    made = AWSRequest(method=method, url=f"https://{HOST}{path}" + ("?" + query if query else ""), data=body)
    for name, value in headers:
        made.headers.add_header(name, value)
    return made


def told(name, made, body=b"", service="s3"):
    url = urllib.parse.urlsplit(made.url)
    return {
        "name": name, "service": service, "method": made.method, "host": url.netloc, "path": url.path, "query": url.query,
        "headers": [[key, value] for key, value in made.headers.items()],
        "body": base64.b64encode(body).decode(),
    }


def in_headers(generator, number, token, signer, service, region):
    is_s3 = service == "s3"
    body = generator.body()
    made = request(generator.random.choice(["GET", "PUT", "POST", "DELETE", "HEAD"]), generator.path(is_s3),
                   generator.query(repeats=True), generator.headers(), body)
    if number % 4 == 0:
        made.headers["Date"] = "Thu, 01 Jan 1970 00:00:00 GMT"
    if is_s3 and number % 3 == 0:
        made.context["client_config"] = type("Config", (), {"s3": {"payload_signing_enabled": False}})
    signer(Credentials(ACCESS_KEY, SECRET_KEY, token), service, region).add_auth(made)
    return told(f"{signer.__name__} {number}", made, body, service)


def presigned(generator, number, token, signer, service, region):
    made = request(generator.random.choice(["GET", "PUT", "DELETE"]), generator.path(service == "s3"),
                   generator.query(repeats=False), generator.headers())
    expires = generator.random.choice([1, 60, 3600, 604_800])
    signer(Credentials(ACCESS_KEY, SECRET_KEY, token), service, region, expires=expires).add_auth(made)
    # Presigned requests of S3 promise nothing about the body.
    body = generator.body() if service == "s3" else b""
    return told(f"{signer.__name__} {number}", made, body, service)


def streamed(number, size):
    """An upload in aws-chunked framing with a checksum in the trailer."""
    data = bytes(at % 251 for at in range(size))
    name, kind = [("crc32", httpchecksum.Crc32Checksum), ("sha1", httpchecksum.Sha1Checksum),
                  ("sha256", httpchecksum.Sha256Checksum)][number % 3]
    header = "x-amz-checksum-" + name
    made = request("PUT", "/key", "", [
        ("Content-Encoding", "aws-chunked"), ("X-Amz-Trailer", header), ("X-Amz-Decoded-Content-Length", str(size)),
    ], data)
    made.context["checksum"] = {"request_algorithm": {"in": "trailer", "algorithm": name, "name": header}}
    auth.S3SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", "us-east-1").add_auth(made)
    body = httpchecksum.AwsChunkedWrapper(io.BytesIO(data), kind, header, chunk_size=9000).read()
    return told(f"aws-chunked {name} {size}", made, body)


def form(number, token):
    made = AWSRequest(method="POST", url=f"https://{HOST}/")
    made.context["s3-presign-post-fields"] = {"key": f"up/{number}", "acl": "private"}
    made.context["s3-presign-post-policy"] = {
        "expiration": "2013-05-24T01:00:00Z",
        "conditions": [{"bucket": "bucket"}, ["starts-with", "$key", "up/"], {"acl": "private"},
                       ["content-length-range", 1, 100]],
    }
    auth.S3SigV4PostAuth(Credentials(ACCESS_KEY, SECRET_KEY, token), "s3", "us-east-1").add_auth(made)
    return made.context["s3-presign-post-fields"]


def main():
    stop_the_clock()
    generator = Generator(20130524)
    header_signers = [(auth.S3SigV4Auth, "s3"), (auth.SigV4Auth, "execute-api"), (auth.SigV4Auth, "iam")]
    query_signers = [(auth.S3SigV4QueryAuth, "s3"), (auth.SigV4QueryAuth, "execute-api"), (auth.SigV4QueryAuth, "sts")]
    if crt_auth:
        header_signers += [(crt_auth.CrtS3SigV4AsymAuth, "s3"), (crt_auth.CrtSigV4AsymAuth, "execute-api")]
        query_signers += [(crt_auth.CrtS3SigV4AsymQueryAuth, "s3"), (crt_auth.CrtSigV4AsymQueryAuth, "execute-api")]
    requests = []
    for number in range(60):
        token = TOKEN if number % 5 == 0 else None
        region = ["us-east-1", "eu-west-1"][number % 2]
        for signer, service in header_signers:
            requests.append(in_headers(generator, number, token, signer, service, region))
        for signer, service in query_signers:
            requests.append(presigned(generator, number, token, signer, service, region))
    requests += [streamed(number, size) for number, size in enumerate([0, 1, 5, 8999, 9000, 9001, 30_000])]
    forms = [form(number, TOKEN if number % 2 else None) for number in range(4)]
    json.dump({"version": botocore.__version__, "crt": bool(crt_auth), "requests": requests, "forms": forms}, sys.stdout)


main()
