"""The exception tree and the hint at the end of a message."""

import zerosum.errors
from zerosum.errors import ZerosumError, did_you_mean


def test_every_error_is_a_zerosum_error_and_is_public() -> None:
    found = {n: v for n, v in vars(zerosum.errors).items() if isinstance(v, type)}
    own = {n for n, v in found.items() if v.__module__ == "zerosum.errors"}
    assert own | {"did_you_mean"} == set(zerosum.errors.__all__)
    assert all(issubclass(found[name], ZerosumError) for name in own)


def test_the_nearest_name_and_all_allowed_ones() -> None:
    assert did_you_mean("dcgn", ["dcgan", "cgan"]) == " Did you mean 'dcgan'? Allowed: cgan, dcgan."
    assert did_you_mean("zzz", ["dcgan", "cgan"]) == " Allowed: cgan, dcgan."
    assert did_you_mean("a", []) == ""


def test_long_lists_are_cut() -> None:
    text = did_you_mean("zzz", [f"name{i:02d}" for i in range(25)])
    assert text.endswith("name19, and 5 more.")


def test_names_beyond_number_are_not_compared() -> None:
    assert did_you_mean("name1", map(str, range(20_000))).startswith(" Allowed: 0, 1, 10,")
