"""Does what the README's first tour says, as it stands there, against a demo.

    tour.py AWS_COMMAND ENDPOINT ACCESS_KEY SECRET_KEY ACCOUNT DATA_DIR

The blocks run in a shell in order: the first as root, the next with the key that the first one showed. A line of a block that
ends in `denied, with the reason:` has to fail with the words that stand in the comment after it.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

README = pathlib.Path(__file__).parent.parent.parent / "README.md"


def blocks():
    tour = README.read_text().split("## A first tour")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", tour, re.DOTALL)


def shell(script, environment, aws):
    """Runs a block; `aws` is the client that is meant."""
    whole = f"aws() {{ {aws} \"$@\"; }}\nset -e\n{script}"
    return subprocess.run(["bash", "-c", whole], env=environment, capture_output=True, text=True, timeout=300)


def commands(block):
    """The block's commands, each with the comment lines that follow it."""
    found, command = [], ""
    for line in block.splitlines():
        if line.startswith("#") and found and not command:
            found[-1][1].append(line.lstrip("# "))
        elif line.strip():
            command += line + "\n"
            if command.count("'") % 2 == 0:
                found.append((command, []))
                command = ""
    return found


def walk(aws, environment, account):
    seen = {}
    for number, block in enumerate(blocks()):
        for command, told in commands(block):
            done = shell(command, environment, aws)
            name = f"{number} {command.splitlines()[0].split('#')[0].strip()}"
            seen[name] = judged(done, " ".join(told), account)
            if "create-access-key" in command and done.returncode == 0:
                key = json.loads(done.stdout)["AccessKey"]
        if number == 0:
            environment = {**environment, "AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    return seen


def judged(done, told, account):
    said = done.stdout + done.stderr
    if not told:
        return "as told" if done.returncode == 0 else f"ended with {done.returncode}: {said}"
    parts = [part.strip() for part in told.replace("123456789012", account).split("...") if part.strip()]
    words = " ".join(said.split())
    missing = [part for part in parts if part not in words]
    if done.returncode == 0 or missing:
        return f"ended with {done.returncode}, not told {missing}: {said}"
    return "as told"


def main():
    aws, endpoint, access_key, secret_key, account, data = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="clients-") as home:
        environment = {"PATH": "/usr/bin:/bin", "HOME": home, "LC_ALL": "C.UTF-8", "DATA_DIR": data, "AWS_ENDPOINT_URL": endpoint,
                       "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key}
        seen = walk(aws, environment, account)
    if len(blocks()) < 3 or len(seen) < 9:
        seen["the tour"] = f"has only {len(seen)} commands"
    json.dump(seen, sys.stdout, indent=1)


main()
