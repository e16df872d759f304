"""Sign approved items, and pack them with their copy."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zerosum.models.provenance import Provenance
from zerosum.origin.bundles import BundleCopy, BundleItem, write_bundle
from zerosum.origin.identity import Identity
from zerosum.origin.sidecars import digest_of

_SIGNER = "zerosum studio"
"""Whom a certificate names that the studio makes for itself."""


def do(order: dict[str, Any], say: Callable[..., None]) -> None:
    """Write the bundle, whole or not at all; done again, it is written again.

    Raises:
        ZerosumError: see `write_bundle` and `Identity.own`.
    """
    out, root = Path(order["out"]), Path(order["root"])
    say(words=f"signing {len(order['items']):,} items")
    identity = Identity.own(Path(order["identity"]), name=_SIGNER)
    with tempfile.TemporaryDirectory(dir=order["folder"]) as aside:
        items = []
        for one in order["items"]:
            path = Path(aside) / one["name"]
            path.symlink_to(root / one["file"])
            words = one["copy"] | {"tags": tuple(one["copy"].get("tags", ()))}
            made = Provenance(**one["provenance"])
            items.append(BundleItem(path, BundleCopy(**words), made))
        write_bundle(out, items, identity, title=order["title"])
    with out.open("rb") as handle:
        digest, size = digest_of(handle)
    who = str(identity.signatory)
    say(done={"sha256": digest, "bytes": size, "items": len(items), "signed_by": who})
