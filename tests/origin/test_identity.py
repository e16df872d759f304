"""Who signs: one's own identity, and certificates of an authority, right and wrong."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.origin.conftest import MADE, Authority, picture
from zerosum.errors import OriginError, RunError
from zerosum.origin.identity import Identity, own_folder
from zerosum.origin.inspecting import inspect


def test_ones_own_is_made_once_and_for_its_user_alone(tmp_path: Path) -> None:
    first = Identity.own(tmp_path / "deep" / "id", name="Ada Lovelace")
    again = Identity.own(tmp_path / "deep" / "id", name="another")
    assert again.signatory == first.signatory
    assert first.signatory.name == "Ada Lovelace"
    assert "self-made" in first.signatory.organisation
    assert stat.S_IMODE((tmp_path / "deep" / "id" / "key.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "deep" / "id").stat().st_mode) == 0o700
    assert sorted(one.name for one in (tmp_path / "deep").iterdir()) == ["id"]
    assert "PRIVATE" not in repr(first)
    assert "key" not in repr(first)


def test_many_who_make_it_at_once_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = [*pool.map(lambda _: Identity.own(tmp_path / "id"), range(8))]
    assert len({one.signatory.serial for one in made}) == 1
    assert sorted(one.name for one in (tmp_path / "id").iterdir()) == ["certificate.pem", "key.pem"]
    assert not [one for one in tmp_path.iterdir() if ".part" in one.name]


def test_where_ones_own_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert own_folder() == tmp_path / "identity"
    monkeypatch.delenv("ZEROSUM_IDENTITY")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    assert own_folder() == tmp_path / "settings" / "zerosum" / "identity"
    assert Identity.own().signatory == Identity.own(own_folder()).signatory


def test_ones_own_in_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OriginError, match="ZEROSUM_IDENTITY"):
        Identity.own(tmp_path / "file" / "id")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("")
    with pytest.raises(OriginError, match="not empty"):
        Identity.own(tmp_path / "full")


@pytest.mark.parametrize("name", ["", "x" * 41])
def test_names_that_no_certificate_takes(tmp_path: Path, name: str) -> None:
    with pytest.raises(OriginError, match="1 to 40"):
        Identity.own(tmp_path / "id", name=name)


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "RSA"])
@pytest.mark.parametrize("file", ["a.png", "rows.csv"])
def test_an_authoritys_certificate_signs(
    tmp_path: Path, authority: Authority, kind: str, file: str
) -> None:
    chain, key, root = authority(kind)
    path = picture(tmp_path / file) if file == "a.png" else tmp_path / file
    if file != "a.png":
        path.write_text("a,b\n1,2\n")
    Identity.load(chain, key).sign(path, MADE)
    unknown, known = inspect(path), inspect(path, trust=[root])
    assert (unknown.state, unknown.trust, unknown.trusted) == ("whole", "unknown", False)
    assert (known.state, known.trust, known.trusted) == ("whole", "given", True)
    assert known.signatory is not None
    assert known.signatory.name == "Studio Ada"


def test_another_authority_of_the_same_name_vouches_for_nothing(
    tmp_path: Path, authority: Authority
) -> None:
    chain, key, _ = authority()
    _, _, other = authority(folder="other")
    for path in (picture(tmp_path / "a.png"), tmp_path / "a.csv"):
        path.touch()
        Identity.load(chain, key).sign(path, MADE)
        assert inspect(path, trust=[other]).trust == "unknown"


def test_an_encrypted_key(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, key, _ = authority(password=b"secret")
    with pytest.raises(OriginError, match="ZEROSUM_KEY_PASSWORD"):
        Identity.load(chain, key)
    with pytest.raises(OriginError, match="password is wrong"):
        Identity.load(chain, key, password="other")
    monkeypatch.setenv("ZEROSUM_KEY_PASSWORD", "secret")
    Identity.load(chain, key).sign(picture(tmp_path / "a.png"), MADE)
    assert inspect(tmp_path / "a.png").state == "whole"


def test_certificates_that_do_not_serve(tmp_path: Path, authority: Authority) -> None:
    chain, key, _ = authority()
    other, other_key, _ = authority(folder="other")
    with pytest.raises(OriginError, match="belong together"):
        Identity.load(chain, other_key)
    with pytest.raises(OriginError, match="no certificates in PEM"):
        Identity.load(key, key)
    with pytest.raises(OriginError, match="no private key in PEM"):
        Identity.load(chain, chain)
    with pytest.raises(OriginError, match="No such file"):
        Identity.load(tmp_path / "nowhere.pem", key)
    leaf, department = chain.read_text().split("-----END CERTIFICATE-----\n")[:2]
    end = "-----END CERTIFICATE-----\n"
    foreign = other.read_text().split(end)[1] + end
    (tmp_path / "broken.pem").write_text(leaf + end + foreign)
    with pytest.raises(OriginError, match="no chain"):
        Identity.load(tmp_path / "broken.pem", key)
    (tmp_path / "turned.pem").write_text(department + end + leaf + end)
    with pytest.raises(OriginError, match="comes first"):
        Identity.load(tmp_path / "turned.pem", key)
    chain, key, _ = authority(use="1.3.6.1.5.5.7.3.1", folder="server")
    with pytest.raises(OriginError, match="extended key usage"):
        Identity.load(chain, key)
    chain, key, _ = authority("Ed25519", folder="edwards")
    with pytest.raises(OriginError, match="P-256"):
        Identity.load(chain, key)


@pytest.mark.parametrize(("days", "words"), [((-9, -1), "expired on"), ((1, 9), "clock")])
def test_certificates_of_another_time(
    authority: Authority, days: tuple[int, int], words: str
) -> None:
    chain, key, _ = authority(days=days)
    with pytest.raises(OriginError, match=words):
        Identity.load(chain, key)


def test_nothing_is_left_where_writing_fails(tmp_path: Path) -> None:
    mine = Identity.own()

    def fail(path: Path) -> None:
        path.write_bytes(b"half of it")
        raise RunError("the disk is full")

    for name in ("a.png", "a.csv", "folder"):
        with pytest.raises(RunError, match="full"):
            mine.write(tmp_path / "out" / name, fail, MADE)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("name", ["a.png", "a.csv"])
def test_a_file_that_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError, match="it is no file"):
        Identity.own().sign(tmp_path / name, MADE)


def test_a_file_that_is_not_what_its_name_says(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"no image")
    with pytest.raises(OriginError, match=r"a\.png.*kind that its name says"):
        Identity.own().sign(path, MADE)
    assert path.read_bytes() == b"no image"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.png", "identity"]
