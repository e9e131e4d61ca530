"""Runs the cases of one client against one server and prints what they saw, as one JSON object.

    suite.py boto|aws1|aws2|s3cmd|rclone|js ENDPOINT ACCESS_KEY SECRET_KEY PREFIX [CASE ...]

A case that ends in an exception shows it: what fails directly has to fail in the same way through the gateway.
"""

import json
import os
import subprocess
import sys

import boto_buckets  # noqa: F401, its cases register themselves
import boto_objects  # noqa: F401
import boto_world
import cli_cases


def run(world, cases):
    seen = {}
    for name, case in cases.items():
        try:
            seen[name] = case(world)
        except Exception as failure:  # whatever it is, it is what this client saw
            response = getattr(failure, "response", None)
            if response:
                error, meta = response["Error"], response["ResponseMetadata"]
                seen[name] = f"failed: {error.get('Code')} {meta.get('HTTPStatusCode')}"
            else:
                seen[name] = f"failed: {type(failure).__name__}: {failure}"
    world.clean()
    return seen


def main():
    client, endpoint, access_key, secret_key, prefix = sys.argv[1:6]
    if client == "boto":
        chosen = sys.argv[6:] or boto_world.CASES
        cases = {name: boto_world.CASES[name] for name in chosen}
        seen = run(boto_world.World(endpoint, access_key, secret_key, prefix), cases)
    elif client in cli_cases.CLIENTS:
        seen = cli_cases.run(client, endpoint, access_key, secret_key, prefix)
    elif client == "js":
        script = os.path.join(os.path.dirname(__file__), "js_cases.mjs")
        done = subprocess.run(["node", script, endpoint, access_key, secret_key, f"{prefix}-js"], capture_output=True)
        if done.returncode != 0:
            sys.exit(done.stderr.decode())
        seen = json.loads(done.stdout)
    else:
        sys.exit(f"no client of that name: {client}")
    json.dump(seen, sys.stdout, indent=1, sort_keys=True, default=str)


main()
