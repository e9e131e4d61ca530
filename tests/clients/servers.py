"""The servers under test: real Ceph, and the gateway in front of it or of its embedded store. Each is a context manager
that ends what it started, by process id."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent


@dataclass
class Server:
    endpoint: str
    access_key: str
    secret_key: str
    account: str = ""
    data: str = ""


@contextlib.contextmanager
def ceph():
    """One small Ceph. It ends when its standard input closes, so also when this process dies."""
    command = ["bash", str(HERE / "ceph.sh")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        said = process.stdout.readline().split()
        if said[:1] != ["ready"]:
            raise RuntimeError("Ceph did not start; its reasons are above")
        _, port, access_key, secret_key = said
        yield Server(f"http://127.0.0.1:{port}", access_key, secret_key)
    finally:
        process.stdin.close()
        process.wait(timeout=60)


@contextlib.contextmanager
def gateway(upstream=None):
    """`countersign demo` on free ports and in a folder of its own, as its banner tells how to use it."""
    with tempfile.TemporaryDirectory(prefix="countersign-clients-") as data:
        command = [binary(), "demo", "--listen", "127.0.0.1:0", "--data-dir", data]
        if upstream:
            command += ["--upstream", upstream.endpoint]
        # An operator's own settings must not reach the gateway under test.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("COUNTERSIGN_", "AWS_"))}
        if upstream:
            environment |= {"COUNTERSIGN_UPSTREAM_ACCESS_KEY": upstream.access_key,
                            "COUNTERSIGN_UPSTREAM_SECRET_KEY": upstream.secret_key}
        log = open(os.path.join(data, "log"), "wb")
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
                                   env=environment, start_new_session=True)
        try:
            yield read_banner(process, data)
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(timeout=60)
            log.close()
            if status != 0:
                raise RuntimeError(f"the gateway ended with {status}:\n" + pathlib.Path(data, "log").read_text()[-2000:])


@contextlib.contextmanager
def configured(upstream, more):
    """`countersign serve` with a configuration of its own, with these lines at its end; `init` made its account."""
    key, account = ("AKIACONFIGURED000001", "the-secret-of-a-root-user-for-tests-only"), "111122223333"
    with tempfile.TemporaryDirectory(prefix="countersign-clients-") as folder:
        data, file, log = (pathlib.Path(folder, name) for name in ("data", "countersign.toml", "log"))
        file.write_text(f'''data_dir = "{data}"
listen = "127.0.0.1:0"
admin_listen = "127.0.0.1:0"
log.format = "json"
[[upstream]]
name = "store"
url = "{upstream.endpoint}"
access_key_id = "{upstream.access_key}"
secret_access_key_variable = "STORE_SECRET"
{more}''')
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("COUNTERSIGN_", "AWS_"))}
        environment |= {"STORE_SECRET": upstream.secret_key}
        root = {"COUNTERSIGN_ROOT_ACCESS_KEY_ID": key[0], "COUNTERSIGN_ROOT_SECRET_ACCESS_KEY": key[1], "COUNTERSIGN_ACCOUNT_ID": account}
        subprocess.run([binary(), "init", "--data-dir", data], env=environment | root, check=True, capture_output=True)
        with open(log, "wb") as out:
            process = subprocess.Popen([binary(), "serve", "--config", file], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                       env=environment, start_new_session=True)
            try:
                yield Server(f"http://{served_at(process, log)}", *key, account, str(data))
            finally:
                process.send_signal(signal.SIGTERM)
                if process.wait(timeout=60) != 0:
                    raise RuntimeError("the gateway did not end well:\n" + log.read_text()[-2000:])


def served_at(process, log):
    """Where it says in its log that it serves."""
    for _ in range(300):
        told = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
        for line in told:
            if address := line.get("address") or line.get("fields", {}).get("address"):
                return address
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError("the gateway did not start:\n" + log.read_text()[-2000:])


def read_banner(process, data):
    found, names = {}, {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "account"}
    for line in process.stdout:
        named = re.match(r"\s+(?:export (AWS_\w+)=|(account)\s+)(\S+)$", line)
        if named:
            found[named[1] or named[2]] = named[3]
        if names <= found.keys():
            break
    else:
        raise RuntimeError("the gateway did not start:\n" + pathlib.Path(data, "log").read_text()[-2000:])
    # Whatever else it says must not fill the pipe.
    threading.Thread(target=process.stdout.read, daemon=True).start()
    return Server(found["AWS_ENDPOINT_URL"], found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"], found["account"],
                  data)


def binary():
    """The release build, or whatever COUNTERSIGN_BINARY names."""
    target = os.environ.get("CARGO_TARGET_DIR") or ROOT / "target"
    return os.environ.get("COUNTERSIGN_BINARY") or str(pathlib.Path(target, "release", "countersign"))
