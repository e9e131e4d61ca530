"""What rows of the table in iam_flow.py are made of, besides what stands there as it is."""

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass

OK = {}


@dataclass
class Keep:
    """Remembers an answer's value by this JMESPath under a name. A principal is the name of a kept access key."""

    name: str
    path: str


@dataclass
class Pages:
    """The whole listing, page by page: the member's values, and how many there are at least."""

    path: str
    values: list


@dataclass
class Code:
    """What an MFA device with the seed of that name shows so many steps of thirty seconds from now."""

    seed: str
    step: int

    def shown(self, names):
        step = int(time.time()) // 30 + self.step
        tag = hmac.digest(base64.b32decode(names[self.seed]), step.to_bytes(8, "big"), hashlib.sha1)
        at = tag[-1] & 15
        return f"{(int.from_bytes(tag[at:at + 4], 'big') & 0x7fffffff) % 1_000_000:06}"
