"""What the outcome of an attack is, by name and in short."""

from collections.abc import Mapping
from typing import Literal

Standing = Literal["leak", "sign", "none", "blind"]
"""What an outcome is: `leak`, an excess over the control that chance does not make in one of 20
audits, all attacks taken together; `sign`, one that it does not make in one of 20 such attacks;
`none`; or `blind`, an attack that does no better than guessing, and so says nothing."""

STANDINGS: Mapping[Standing, str] = {
    "leak": "gives people away",
    "sign": "a sign, not sure",
    "none": "no difference",
    "blind": "inconclusive",
}
"""How a finding's standing is said in short."""
