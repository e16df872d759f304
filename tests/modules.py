"""Names of modules, for tests that import all of them."""

from pathlib import Path

import zerosum

_ROOT = Path(zerosum.__path__[0])
_WITHOUT_DJANGO = ("zerosum.studio.writing", "zerosum.studio.rules")


def all_modules() -> list[str]:
    """Every module of the package, except those that need Django to be ready."""
    paths = [path.relative_to(_ROOT.parent).with_suffix("") for path in _ROOT.rglob("*.py")]
    names = {".".join(path.parts).removesuffix(".__init__") for path in paths}
    return sorted(
        name
        for name in names
        if not name.endswith("__main__")
        and (not name.startswith("zerosum.studio.") or name.startswith(_WITHOUT_DJANGO))
    )
