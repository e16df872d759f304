"""What is read back from files: signed, changed, stripped, expired, and those of others."""

import contextlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.origin.conftest import MADE, Authority, picture
from zerosum.errors import OriginError
from zerosum.origin.certificates import key_to_pem, read_certificates, read_key, to_pem
from zerosum.origin.embedded import MEDIA, embed
from zerosum.origin.identity import Identity
from zerosum.origin.inspecting import inspect
from zerosum.origin.sidecars import sidecar_of, write_sidecar

BESIDE = (".csv", ".parquet", ".npz", ".npy", ".bin", "")


@pytest.fixture
def mine() -> Identity:
    return Identity.own()


def signed(path: Path, mine: Identity) -> Path:
    if path.suffix in MEDIA:
        picture(path)
    else:
        path.write_bytes(bytes(range(256)) * 5)
    mine.sign(path, MADE)
    return path


@pytest.mark.parametrize("ending", [*MEDIA, *BESIDE])
def test_every_form_there_and_back(tmp_path: Path, mine: Identity, ending: str) -> None:
    path = signed(tmp_path / f"Überschrift 数字{ending}", mine)
    found = inspect(path)
    assert (found.state, found.trust, found.made) == ("whole", "own", "all")
    assert found.form == ("inside" if ending in MEDIA else "beside")
    assert found.facts.items() >= MADE.to_json().items()
    assert found.problems == ()
    assert found.generator.startswith("zerosum")
    assert sidecar_of(path).exists() == (found.form == "beside")
    with path.open("ab") as handle:
        handle.write(b"\0appended")
    assert inspect(path).state in ("changed", "damaged")


@pytest.mark.parametrize("ending", MEDIA)
def test_c2pas_own_reader_validates(tmp_path: Path, mine: Identity, ending: str) -> None:
    import c2pa

    path = signed(tmp_path / f"a{ending}", mine)
    settings = {"trust": {"user_anchors": to_pem(mine.chain[1:]).decode()}}
    with (
        c2pa.Context.from_dict(settings) as context,
        path.open("rb") as handle,
        c2pa.Reader(MEDIA[ending], handle, context=context) as reader,
    ):
        assert reader.get_validation_state() == "Trusted"
        results, manifest = reader.get_validation_results(), reader.get_active_manifest()
    assert results is not None
    assert manifest is not None
    assert results["activeManifest"]["failure"] == []
    (action,) = next(
        one["data"]["actions"] for one in manifest["assertions"] if "actions" in one["label"]
    )
    assert action["action"] == "c2pa.created"
    assert action["digitalSourceType"].endswith("/trainedAlgorithmicMedia")


def test_pictures_still_open_with_the_same_pixels(tmp_path: Path, mine: Identity) -> None:
    for ending in (".png", ".webp", ".gif", ".tif", ".jpg"):
        path = picture(tmp_path / f"a{ending}")
        with Image.open(path) as image:
            before = image.tobytes()
        mine.sign(path, MADE)
        with Image.open(path) as image:
            assert image.tobytes() == before


def test_signing_again_replaces_the_origin(tmp_path: Path, mine: Identity) -> None:
    for name in ("a.png", "a.csv"):
        path = signed(tmp_path / name, mine)
        mine.sign(path, MADE.approved("Grace", "2026-11-29T12:00:00+00:00"))
        found = inspect(path)
        assert (found.state, found.facts["approved_by"]) == ("whole", "Grace")


@pytest.mark.parametrize("name", ["a.png", "a.mp4", "a.csv"])
def test_what_others_may_do_with_it(tmp_path: Path, mine: Identity, name: str) -> None:
    path = signed(tmp_path / name, mine)
    assert "mining" not in inspect(path).facts
    replace(mine, mining="notAllowed").sign(path, MADE)
    assert inspect(path).facts["mining"] == "notAllowed"


@pytest.mark.parametrize("ending", [".png", ".jpg", ".csv"])
def test_no_flipped_byte_of_the_content_goes_unnoticed(
    tmp_path: Path, mine: Identity, ending: str
) -> None:
    path = signed(tmp_path / f"a{ending}", mine)
    body, said = path.read_bytes(), inspect(path).facts
    changed = 0
    for place in range(0, len(body), 97):
        path.write_bytes(body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :])
        found = inspect(path)
        changed += found.state != "whole"
        # A few bytes of a C2PA manifest only fill it up; they change nothing that it says.
        assert found.state != "whole" or (found.form == "inside" and found.facts == said)
    flips = len(range(0, len(body), 97))
    assert changed == flips if ending == ".csv" else changed > 0.6 * flips


def test_every_changed_letter_of_a_sidecar_is_found(tmp_path: Path, mine: Identity) -> None:
    path = signed(tmp_path / "a.csv", mine)
    text = sidecar_of(path).read_text()
    said = json.loads(text)
    for name in ("origin", "file", "signed_at", "schema"):
        changed = said | {name: {**said[name], "seed": 8} if isinstance(said[name], dict) else 1.0}
        sidecar_of(path).write_text(json.dumps(changed))
        found = inspect(path) if name != "schema" else None
        assert found is None or (found.state, found.made) == ("changed", None)
        assert found is None or "changed after it was signed" in found.problems[0]
    for place in range(0, len(text), 53):
        letter = "A" if text[place] != "A" else "B"
        sidecar_of(path).write_text(text[:place] + letter + text[place + 1 :])
        with contextlib.suppress(OriginError):  # "schema": it says that it is of another version
            assert inspect(path).state == "changed", text[place - 9 : place + 9]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"kind": "zerosum.origin", "schema": 1}', "\udcff", "[" * 9999]
)
def test_sidecars_that_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_text("x")
    sidecar_of(tmp_path / "a.csv").write_bytes(text.encode(errors="surrogateescape"))
    found = inspect(tmp_path / "a.csv")
    assert (found.state, found.signatory) == ("changed", None)


def test_a_sidecar_of_a_newer_version(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x")
    sidecar_of(tmp_path / "a.csv").write_text('{"kind": "zerosum.origin", "schema": 2}')
    with pytest.raises(OriginError, match="update zerosum"):
        inspect(tmp_path / "a.csv")


def test_a_signature_by_another_key_under_ones_certificate(
    tmp_path: Path, mine: Identity, authority: Authority
) -> None:
    """A forger has the certificate, which is public, and not the key."""
    chain, key, _ = authority()
    forger = Identity.load(chain, key)
    (tmp_path / "a.csv").write_text("x")
    write_sidecar(tmp_path / "a.csv", MADE.to_json(), mine.chain, forger.key)
    assert inspect(tmp_path / "a.csv").state == "changed"


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.csv"])
def test_stripped_and_never_signed_files(tmp_path: Path, mine: Identity, name: str) -> None:
    path = signed(tmp_path / name, mine)
    if path.suffix == ".csv":
        sidecar_of(path).unlink()
    else:
        with Image.open(path) as image:
            pixels = image.copy()
        pixels.save(path)
    found = inspect(path)
    assert (found.state, found.signatory, found.made) == ("no origin", None, None)
    assert "never signed, or that was removed" in found.sentences()[0]


def test_a_file_of_somebody_who_says_nothing_of_models(tmp_path: Path, mine: Identity) -> None:
    path = by_others(tmp_path / "photo.jpg", mine, "digitalCapture")
    found = inspect(path)
    assert (found.state, found.made, found.facts) == ("whole", "not stated", {})
    assert found.generator == "camera 1"
    assert "does not say whether" in "".join(found.sentences())


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("trainedAlgorithmicMedia", "all"),
        ("compositeWithTrainedAlgorithmicMedia", "some"),
        ("algorithmicMedia", "not stated"),
    ],
)
def test_a_file_of_another_program(tmp_path: Path, mine: Identity, source: str, made: str) -> None:
    assert inspect(by_others(tmp_path / "a.png", mine, source)).made == made


def by_others(path: Path, mine: Identity, source: str, *, url: str | None = None) -> Path:
    import c2pa

    kind = MEDIA[path.suffix]
    action = {"action": "c2pa.created", "digitalSourceType": f"http://example.org/{source}"}
    definition: dict[str, Any] = {
        "claim_generator_info": [{"name": "camera", "version": "1"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
    }
    info = c2pa.C2paSignerInfo("es256", to_pem(mine.chain), key_to_pem(mine.key), None)
    picture(path)
    aside = path.with_suffix(".aside")
    with (
        c2pa.Signer.from_info(info) as signer,
        c2pa.Builder(definition) as builder,
        path.open("rb") as read,
        aside.open("w+b") as written,
    ):
        if url is not None:
            builder.set_no_embed()
            builder.set_remote_url(url)
        builder.sign(signer, kind, read, written)
    aside.replace(path)
    return path


def test_an_origin_on_a_server_is_not_fetched(tmp_path: Path, mine: Identity) -> None:
    path = by_others(tmp_path / "a.png", mine, "x", url="http://127.0.0.1:9/manifest.c2pa")
    found = inspect(path)
    assert found.state == "no origin"
    assert "not fetched" in found.problems[0]


def test_a_certificate_that_has_expired_since(tmp_path: Path, authority: Authority) -> None:
    chain, key, root = authority(days=(-9, -1))
    certificates, private = read_certificates(chain), read_key(key, None)
    (tmp_path / "a.csv").write_text("x")
    write_sidecar(tmp_path / "a.csv", MADE.to_json(), certificates, private)
    found = inspect(tmp_path / "a.csv", trust=[root])
    assert (found.state, found.trust, found.trusted) == ("whole", "expired", False)
    picture(tmp_path / "a.png")
    with pytest.raises(OriginError):
        embed(
            tmp_path / "a.png", tmp_path / "b.png", MADE, to_pem(certificates),
            key_to_pem(private), algorithm="es256",
        )  # fmt: skip


def test_a_manifest_whose_certificate_has_expired_since(tmp_path: Path) -> None:
    """`expired.png` was signed with a certificate of two seconds; C2PA signs with no older one."""
    here = Path(__file__).parent
    path = tmp_path / "a.png"
    path.write_bytes((here / "expired.png").read_bytes())
    found = inspect(path, trust=[here / "expired-authority.pem"])
    assert (found.state, found.trust, found.made) == ("whole", "expired", "all")
    assert not found.trusted
    with path.open("ab") as handle:
        handle.write(b"x")
    found = inspect(path, trust=[here / "expired-authority.pem"])
    assert (found.state, found.trusted) == ("changed", False)


def test_a_renamed_file_keeps_its_origin(tmp_path: Path, mine: Identity) -> None:
    path = signed(tmp_path / "a.csv", mine)
    shutil.move(sidecar_of(path), tmp_path / "b.csv.origin.json")
    path.rename(tmp_path / "b.csv")
    assert inspect(tmp_path / "b.csv").state == "whole"


@pytest.mark.parametrize("name", ["a.jpg", "a.PNG", "a", "a.csv", "a.zip"])
def test_a_picture_under_another_ending_keeps_it_too(
    tmp_path: Path, mine: Identity, name: str
) -> None:
    path = signed(tmp_path / "a.png", mine).rename(tmp_path / name)
    assert (inspect(path).state, inspect(path).form) == ("whole", "inside")


@pytest.mark.parametrize("begin", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF", b"PK\3\4", b""])
@pytest.mark.parametrize("ending", [".png", ".bin", ".zip", ".mp4"])
def test_files_of_nothing(tmp_path: Path, begin: bytes, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    path.write_bytes(begin + bytes(range(255)))
    assert inspect(path).state in ("no origin", "damaged")


def test_trust_must_be_an_authority(tmp_path: Path, mine: Identity, authority: Authority) -> None:
    path = signed(tmp_path / "a.csv", mine)
    (tmp_path / "leaf.pem").write_bytes(to_pem(mine.chain[:1]))
    with pytest.raises(OriginError, match="vouch for nobody"):
        inspect(path, trust=[tmp_path / "leaf.pem"])
    (tmp_path / "chain.pem").write_bytes(to_pem(mine.chain))
    found = inspect(path, trust=[tmp_path / "chain.pem"], identity=tmp_path / "another")
    assert found.trust == "given"


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OriginError, match="is not there"):
        inspect(tmp_path / "a.png")
    with pytest.raises(OriginError, match="is a folder"):
        inspect(tmp_path)


def test_words_of_strangers_are_facts_of_a_file(tmp_path: Path, mine: Identity) -> None:
    path = signed(tmp_path / "a.csv", mine)
    lines = inspect(path).sentences()
    assert lines[0].startswith("a.csv: whole")
    assert "        seed  7" in lines
    assert "       where  label=3" in lines
    json.dumps(inspect(path).to_json())


def test_ones_own_authority_vouches_for_oneself_alone(
    tmp_path: Path, authority: Authority, own_folder: Path
) -> None:
    """Who keeps an authority's certificate as their own does not trust all that it certified."""
    chain, key, root = authority()
    own_folder.mkdir()
    shutil.copy(chain, own_folder / "certificate.pem")
    for name in ("a.png", "a.csv"):
        path = picture(tmp_path / name) if name == "a.png" else tmp_path / name
        path.touch()
        Identity.load(chain, key).sign(path, MADE)
        assert inspect(path).trust == "own"
        Identity.load(chain.with_name("twin.pem"), key).sign(path, MADE)
        assert inspect(path).trust == "unknown"
        assert inspect(path, trust=[root]).trust == "given"


@pytest.mark.slow
def test_a_huge_file(tmp_path: Path, mine: Identity) -> None:
    path = tmp_path / "huge.npy"
    with path.open("wb") as handle:
        handle.truncate(5 * 2**30)
    mine.sign(path, MADE)
    assert inspect(path).state == "whole"
