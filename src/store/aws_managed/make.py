#!/usr/bin/env python3
"""Makes policies.bin anew: the AWS managed policies, as moto keeps them.

    pip download --no-deps moto==5.2.5 && unzip moto-*.whl moto/iam/aws_managed_policies.py
    python3 src/store/aws_managed/make.py moto/iam/aws_managed_policies.py

The file is read as text and never run. README.md beside this script tells the form of what is made.
"""

import datetime
import json
import pathlib
import struct
import sys
import zlib

# The least bytes of documents that are compressed together: more are smaller on disk, fewer are opened sooner.
GROUP_BYTES = 128 * 1024


def deflated(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
    return packer.compress(data) + packer.flush()


def seconds(text):
    return int(datetime.datetime.fromisoformat(text).timestamp())


def main(source):
    text = pathlib.Path(source).read_text(encoding="utf-8")
    policies = json.loads(text[text.index('"""') + 3 : text.rindex('"""')])
    lines, groups, group = [], [], b""
    for name, policy in sorted(policies.items(), key=lambda item: item[0].lower()):
        document = json.dumps(policy["Document"], separators=(",", ":"), ensure_ascii=False).encode()
        dates = [str(seconds(policy[date])) for date in ("CreateDate", "UpdateDate")]
        place = [len(groups), len(group), len(document)]
        lines.append("\t".join([name, policy["Path"], *dates, policy["DefaultVersionId"][1:], *map(str, place)]))
        group += document
        if len(group) >= GROUP_BYTES:
            groups.append(group)
            group = b""
    groups.append(group)
    parts = [deflated("\n".join(lines).encode()), *map(deflated, groups)]
    head = struct.pack(f"<{len(parts) + 1}I", len(parts), *map(len, parts))
    made = pathlib.Path(__file__).with_name("policies.bin")
    made.write_bytes(head + b"".join(parts))
    print(f"{len(lines)} policies, {made.stat().st_size} bytes, index {len(parts[0])} bytes, {len(groups)} groups")


if __name__ == "__main__":
    main(*sys.argv[1:])
