r"""What is foreign in text that goes to a terminal: names of files, labels, what a run says.

Control characters would move the cursor, change the title, or write into the clipboard; overrides
of the direction of writing make a name read as another.
"""

import json
import math
import re
from typing import Any

_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_UNPRINTABLE_IN_JSON = re.compile(_UNPRINTABLE.pattern.replace("\x00-\x1f", "", 1))


def printable(text: str) -> str:
    r"""`text` as one line in which control characters are written as `\x1b`.

    >>> printable("a\x1b]0;title\x07b\n")
    'a\\x1b]0;title\\x07b\\x0a'
    """
    return _UNPRINTABLE.sub(_escaped, text)


def printable_json(value: Any) -> str:
    r"""A value as JSON that any program reads, and that is safe on a terminal.

    Numbers that are not finite, which JSON has not, are null.

    >>> print(printable_json(["\x9b31m", float("inf")]))
    [
      "\u009b31m",
      null
    ]
    """
    text = json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False)
    return _UNPRINTABLE_IN_JSON.sub(lambda found: json.dumps(found[0])[1:-1], text)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def without_password(text: str) -> str:
    """Text in which URLs have no password.

    >>> without_password("postgresql://ann:secret@host/shop?password=secret")
    'postgresql://ann@host/shop?password=***'
    """
    bare = re.sub(r"(://[^\s/@:]*):[^\s@]*@", r"\1@", text)
    return re.sub(r"(pass\w*=)[^&\s]+", r"\1***", bare)
