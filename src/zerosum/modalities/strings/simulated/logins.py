"""Simulated lines of an access log: who signed in, from where, with what, and how that ended.

Addresses are of the ranges that are kept for documentation (RFC 5737), and users are made up.
"""

import random
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

from zerosum.rng import derive_seed

if TYPE_CHECKING:
    import pyarrow as pa

RANGES = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
"""Addresses that belong to nobody."""

AGENTS: Mapping[str, tuple[str, ...]] = {
    "laptop": ("Firefox/128", "Chrome/126"), "phone": ("Mobile Safari/17", "Mobile Chrome/126"),
    "script": ("curl/8.5", "python-requests/2.32"),
}  # fmt: skip
"""What each device signs in with."""

STATUS: Mapping[str, int] = {"success": 200, "failure": 401, "locked": 423}
"""How each outcome is answered."""

MOST_FAILURES = 5
"""Attempts in a row from which on an account is locked."""

_USERS = (
    "mia", "noah", "lena", "omar", "sofia", "ivan", "aiko", "paul", "zoe", "hugo", "nadia", "finn",
    "admin", "backup",
)  # fmt: skip
_LINE = re.compile(
    r'(\S+) - (\S+) \[([\d-]+ [\d:]+)\] "POST /login HTTP/1\.1" (\d+) "([^"]+)" (\w+)'
    r"(?: after (\d+) attempts?)?"
)


def simulate_logins(n: int, *, seed: int = 0) -> "pa.Table":
    """`n` lines: time, user, ip, device, agent, outcome, status, attempts, and line."""
    import pyarrow as pa

    chance = random.Random(derive_seed(seed, "logins"))
    rows = [_login(chance) for _ in range(n)]
    return pa.table({name: [row[name] for row in rows] for name in rows[0]})


def contradictions(row: Mapping[str, Any]) -> list[str]:
    """What in a line contradicts its row or the rules of a log; empty for one that is true.

    >>> row = {"time": datetime(2026, 3, 4, 9, 12, 33), "user": "mia", "ip": "192.0.2.7",
    ...        "device": "laptop", "agent": "Firefox/128", "outcome": "failure", "status": 401,
    ...        "attempts": 2, "line": '192.0.2.7 - mia [2026-03-04 09:12:33] '
    ...        '"POST /login HTTP/1.1" 401 "Firefox/128" failure after 3 attempts'}
    >>> contradictions(row)
    ['attempts']
    """
    found = _LINE.fullmatch(str(row["line"]))
    if not found:
        return ["line"]
    ip, user, time, status, agent, outcome, attempts = found.groups()
    told = {
        "ip": ip == row["ip"], "user": user == row["user"],
        "time": time == f"{row['time']:%Y-%m-%d %H:%M:%S}", "status": status == str(row["status"]),
        "agent": agent == row["agent"] and agent in AGENTS[row["device"]],
        "outcome": outcome == row["outcome"] and int(status) == STATUS[outcome],
        "attempts": (int(attempts) if attempts else 0) == row["attempts"],
    }  # fmt: skip
    wrong = [name for name, right in told.items() if not right]
    if not any(ip_address(ip) in ip_network(one) for one in RANGES):
        wrong.append("range")
    if (row["outcome"] == "locked") != (row["attempts"] >= MOST_FAILURES):
        wrong.append("lock")
    return wrong


def _login(chance: random.Random) -> dict[str, Any]:
    user = chance.choices(_USERS, weights=[4] * (len(_USERS) - 2) + [2, 1])[0]
    place = _USERS.index(user)
    homes = [str(ip_network(one)[7 + 5 * place]) for one in RANGES[: 1 + place % 2]]
    device = "script" if user == "backup" else chance.choices([*AGENTS], weights=[5, 4, 1])[0]
    outcome = chance.choices([*STATUS], weights=[8, 2, 1] if user != "admin" else [2, 4, 2])[0]
    if outcome == "locked":
        attempts = chance.randint(MOST_FAILURES, MOST_FAILURES + 3)
    else:
        attempts = 0 if outcome == "success" else chance.randint(1, MOST_FAILURES - 1)
    time = datetime(2026, 3, 2) + timedelta(
        days=chance.randrange(28), seconds=int(chance.triangular(0, 86_399, 36_000))
    )
    facts: dict[str, Any] = {
        "time": time, "user": user, "ip": chance.choice(homes), "device": device,
        "agent": chance.choice(AGENTS[device]), "outcome": outcome, "status": STATUS[outcome],
        "attempts": attempts,
    }  # fmt: skip
    line = (
        f'{facts["ip"]} - {user} [{time:%Y-%m-%d %H:%M:%S}] "POST /login HTTP/1.1" '
        f'{facts["status"]} "{facts["agent"]}" {outcome}'
    )
    if attempts:
        line += f" after {attempts} attempt{'s' * (attempts > 1)}"
    return facts | {"line": line}
