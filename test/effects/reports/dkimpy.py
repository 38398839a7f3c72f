"""Verifies and signs mails by Debian's dkimpy, all of a table in one run. JSON in on stdin, JSON out.

In: {"verify": [{"raw": base64, "keys": {name: record}}], "sign": [{"raw": base64, "domain", "selector", "key", "algorithm", "canonicalization": [..]}]}
Out: {"verify": [[{"valid": bool, "strict": bool}, one a signature]], "sign": [base64 of the whole mail]}
"""
import base64
import json
import logging
import sys

import dkim

logging.disable(logging.CRITICAL)


def verdict(raw, index, keys, tlsrpt):
    def dnsfunc(name, timeout=5):
        return keys.get(name.decode("ascii").rstrip(".").lower())

    try:
        return bool(dkim.DKIM(raw, tlsrpt=tlsrpt).verify(idx=index, dnsfunc=dnsfunc))
    except dkim.DKIMException:
        return False


def verify(entry):
    raw = base64.b64decode(entry["raw"])
    count = sum(1 for name, _ in dkim.DKIM(raw).headers if name.lower() == b"dkim-signature")
    return [
        {"valid": verdict(raw, index, entry["keys"], True), "strict": verdict(raw, index, entry["keys"], "strict")}
        for index in range(count)
    ]


def sign(entry):
    raw = base64.b64decode(entry["raw"])
    signature = dkim.DKIM(raw, signature_algorithm=entry["algorithm"].encode(), tlsrpt=True).sign(
        entry["selector"].encode(),
        entry["domain"].encode(),
        entry["key"].encode(),
        canonicalize=tuple(one.encode() for one in entry["canonicalization"]),
    )
    return base64.b64encode(signature + raw).decode()


request = json.load(sys.stdin)
json.dump({"verify": [verify(one) for one in request["verify"]], "sign": [sign(one) for one in request["sign"]]}, sys.stdout)
