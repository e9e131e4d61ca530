"""Real clients against real servers: the same cases directly at Ceph, through the gateway to Ceph, and through the gateway to
its embedded store; then what a caller without a policy is denied, IAM's API, and the README's tour.

What passes directly has to pass through the gateway. Where the two differ, differences.toml says why, or the run fails.

    run.py [CLIENT ...]       needs the release build, and the clients that tests/run installs
"""

import concurrent.futures
import contextlib
import itertools
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import tomllib

from botocore.exceptions import ClientError

import boto_world
import identity_provider
import servers

HERE = pathlib.Path(__file__).parent
# Where the gateway's own identity tokens say that they come from.
ISSUERS = "https://sts.example.com"
CLIENTS = ["aws2", "aws1", "boto", "js", "s3cmd", "rclone"]
SPEAK_IAM = ["aws2", "aws1", "boto", "js"]
# What was accepted is told, so that nobody forgets it.
DIFFERENCES = tomllib.loads((HERE / "differences.toml").read_text())["difference"]
ALLOW = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::*"},
    {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]}


class Tally:
    def __init__(self):
        self.passed, self.failed, self.used = 0, 0, set()

    def check(self, ok, what):
        self.passed, self.failed = self.passed + ok, self.failed + (not ok)
        if not ok:
            print(f"FAILED {what}", flush=True)

    def compare(self, store, client, direct, through):
        """Each case that was seen directly, against what was seen through the gateway."""
        for case in direct:
            unlisted = []
            for path, expected, found in differing(direct[case], through.get(case, "nothing"), case):
                reason = self.accepted(store, client, path, found)
                if reason:
                    print(f"differs {store} {client} {path}: {reason}")
                else:
                    unlisted.append(f"\n  {path}\n    directly: {short(expected)}\n    through:  {short(found)}")
            self.check(not unlisted, f"{store} {client} {case}{''.join(unlisted)}")

    def sound(self, client, direct):
        """A case that fails without the gateway proves nothing, unless it is known to."""
        for case, seen in direct.items():
            failed = isinstance(seen, str) and seen.startswith("failed")
            reason = self.accepted("directly", client, case, seen) if failed else "it works"
            self.check(reason is not None, f"directly {client} {case}: {short(seen)}")

    def accepted(self, store, client, path, found):
        for number, known in enumerate(DIFFERENCES):
            fits = store in known["stores"] and client in known["clients"] and path in known["cases"]
            if fits and json.loads(json.dumps(found)) in known["seen"]:
                self.used.add((number, store, client, path))
                return known["reason"]
        return None

    def unused(self, clients):
        for number, known in enumerate(DIFFERENCES):
            here = [client for client in known["clients"] if client in clients]
            for store, client, path in itertools.product(known["stores"], here, known["cases"]):
                used = (number, store, client, path) in self.used
                self.check(used, f"differences.toml knows of {store} {client} {path}, which does not differ (any more)")


def differing(expected, found, path):
    """Where two outcomes differ, by the names on the way to it."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in {**expected, **found}:
            yield from differing(expected.get(name, "nothing"), found.get(name, "nothing"), f"{path}/{name}")
    elif expected != found:
        yield path, expected, found


def short(seen):
    text = json.dumps(seen, ensure_ascii=False)
    return text if len(text) < 800 else text[:800] + " ..."


def script(label, name, *arguments):
    """What one of the scripts saw, as it printed it."""
    began = time.monotonic()
    done = subprocess.run([sys.executable, str(HERE / name), *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    print(f"  {label}: {time.monotonic() - began:.0f} s", flush=True)
    if done.returncode != 0:
        raise RuntimeError(f"{label} broke:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout)


def cases(client, server, key, prefix):
    seen = script(prefix, "suite.py", client, server.endpoint, *key, prefix)
    return json.loads(json.dumps(seen).replace(prefix, "PREFIX"))


def user(server, name, policy=None):
    """A new user with a key: its ARN, and the key."""
    root = boto_world.World(server.endpoint, server.access_key, server.secret_key, name)
    iam = root.client("iam", "v4")
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    key = iam.create_access_key(UserName=name)["AccessKey"]
    if policy:
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    return arn, (key["AccessKeyId"], key["SecretAccessKey"])


def denied(client, server):
    """A bucket that root filled must be as it was after a caller without a policy has tried everything."""
    arn, key = user(server, f"denied-{client}")
    root = boto_world.World(server.endpoint, server.access_key, server.secret_key, f"denied-{client}")
    bucket = root.bucket_of(("nothing", "a/small", "a/big", "copy", "copied", "moved"))
    state = lambda: [(entry["Key"], entry["ETag"]) for entry in root.s3.list_objects_v2(Bucket=bucket)["Contents"]]
    before = state()
    seen = script(f"denied-{client}", "denied.py", client, server.endpoint, *key, bucket, arn, server.data)
    return seen | {"nothing changed": "denied" if state() == before else f"{before} became {state()}"}


def iam(client, server):
    root = boto_world.World(server.endpoint, server.access_key, server.secret_key, f"iam-{client}")
    bucket = root.bucket_of(("a", "b"))
    return script(f"iam-{client}", "iam_cases.py", client, server.endpoint, server.access_key, server.secret_key, server.account, bucket)


def own(server):
    root = boto_world.World(server.endpoint, server.access_key, server.secret_key, "own")
    return script("own", "own_cases.py", server.endpoint, server.access_key, server.secret_key, server.account,
                  root.bucket_of(["a"]))


def sessions(server):
    root = boto_world.World(server.endpoint, server.access_key, server.secret_key, "sessions")
    return script("sessions", "session_cases.py", server.endpoint, server.access_key, server.secret_key, server.account,
                  root.bucket_of(["a"]))


def web_identity(server, tokens):
    root = boto_world.World(server.endpoint, server.access_key, server.secret_key, "web-identity")
    return script("web identity", "web_identity_cases.py", server.endpoint, server.access_key, server.secret_key, server.account,
                  root.bucket_of(["a"]), tokens)


def identity_tokens(server):
    return script("identity tokens", "identity_token_cases.py", server.endpoint, server.access_key, server.secret_key,
                  server.account, ISSUERS)


def saml(server):
    return script("saml", "saml_cases.py", server.endpoint, server.access_key, server.secret_key, server.account,
                  os.environ["AWS_CLI_1"], os.environ["AWS_CLI_2"])


def delegation(store):
    return script("delegation", "delegation_cases.py", store.endpoint, store.access_key, store.secret_key)


def minio(store):
    return script("minio", "minio_cases.py", store.endpoint, store.access_key, store.secret_key)


def tour(aws, server):
    return script("tour", "tour.py", aws, server.endpoint, server.access_key, server.secret_key, server.account, server.data)


@contextlib.contextmanager
def workers():
    """As many at a time as there are cores. What has not begun does not begin once it is over."""
    pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def saw(future, tally):
    """What a script saw; a script that broke saw nothing, which is a failure of its own."""
    try:
        return future.result()
    except (RuntimeError, OSError, ValueError, ClientError) as broken:
        tally.check(False, str(broken))
        return {}


def main(clients):
    tally = Tally()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    with contextlib.ExitStack() as stack:
        ceph = stack.enter_context(servers.ceph())
        through, embedded = (stack.enter_context(servers.gateway(upstream)) for upstream in (ceph, None))
        touring = [stack.enter_context(servers.gateway()) for _ in range(2)]
        speakers = [client for client in SPEAK_IAM if client in clients]
        # IAM has settings of the whole account: each client has one for itself.
        alone = {client: stack.enter_context(servers.gateway()) for client in speakers}
        apart = stack.enter_context(servers.gateway())
        provider = stack.enter_context(identity_provider.identity_provider())
        tokens = stack.enter_context(provider.tokens())
        federated = stack.enter_context(servers.configured(ceph, provider.settings() + f'[sts]\nissuer_url = "{ISSUERS}"\n'))
        pool = stack.enter_context(workers())
        print("Ceph and the gateways are up", flush=True)
        tours = {"aws1": os.environ["AWS_CLI_1"], "aws2": f"{os.environ['AWS_CLI_2']} --endpoint-url $AWS_ENDPOINT_URL"}
        # What takes longest comes first.
        wanted = {("as expected", client): pool.submit(iam, client, alone[client]) for client in speakers}
        for client in clients:
            key = ceph.access_key, ceph.secret_key
            wanted["direct", client] = pool.submit(cases, client, ceph, key, f"direct-{client}")
            for name, server in (("ceph", through), ("embedded", embedded)):
                key = user(server, f"allowed-{client}", ALLOW)[1]
                wanted[name, client] = pool.submit(cases, client, server, key, f"{name}-{client}")
            wanted["denied", client] = pool.submit(denied, client, through)
            if client in tours:
                wanted["as told", client] = pool.submit(tour, tours[client], touring.pop())
        wanted["as expected", "by the gateway itself"] = pool.submit(own, through)
        wanted["as expected", "by SAML"] = pool.submit(saml, through)
        wanted["as expected", "by delegation"] = pool.submit(delegation, ceph)
        wanted["as expected", "by MinIO's client"] = pool.submit(minio, ceph)
        wanted["as expected", "with temporary credentials"] = pool.submit(sessions, apart)
        wanted["as expected", "with an identity provider"] = pool.submit(web_identity, federated, tokens)
        wanted["as expected", "as an identity provider"] = pool.submit(identity_tokens, federated)
        seen = {name: saw(future, tally) for name, future in wanted.items()}
    for client in clients:
        tally.sound(client, seen["direct", client])
        for store in ("ceph", "embedded"):
            tally.compare(store, client, seen["direct", client], seen[store, client])
    for (kind, client), outcomes in seen.items():
        for what, outcome in outcomes.items() if kind in ("denied", "as expected", "as told") else ():
            tally.check(outcome == kind, f"{kind} {client} {what}: {outcome}")
    tally.unused(clients)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return tally.failed == 0


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:] or CLIENTS))
