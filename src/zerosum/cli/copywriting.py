"""The command that writes copy for files: `copy`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zerosum.cli.options import AsJson
from zerosum.cli.output import print_json, say
from zerosum.errors import ConfigError

if TYPE_CHECKING:
    from zerosum.studio.rules.hits import Hit
    from zerosum.studio.writing.drafts import Draft
    from zerosum.studio.writing.endpoint import Endpoint
    from zerosum.studio.writing.prompts import PromptTemplate
    from zerosum.studio.writing.subjects import CopySubject

_BLOCKED = 1


def register(app: typer.Typer) -> None:
    """Make the command known to the program."""
    app.command()(copy)


def copy(
    files: Annotated[list[Path], typer.Argument(help="Pictures, and tables as .csv or .tsv.")],
    out: Annotated[
        Path, typer.Option(help="A CSV file; files that it has copy for are not written again.")
    ] = Path("copy.csv"),
    model: Annotated[
        str | None, typer.Option(help="A model of the endpoint; without one no LLM is asked.")
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(help="An OpenAI-compatible server: https://api.openai.com/v1."),
    ] = None,
    key_from: Annotated[
        str, typer.Option(help="The environment variable that holds the key.")
    ] = "ZEROSUM_LLM_KEY",
    allow_private: Annotated[
        bool,
        typer.Option(
            "--allow-private", help="Allow servers on this machine or in private networks."
        ),
    ] = False,
    pictures: Annotated[
        str,
        typer.Option(
            help="send; send_if_taken: else the model writes from facts; keep: send none."
        ),
    ] = "send",
    template: Annotated[
        Path | None, typer.Option(help="A prompt template as JSON; see the page on copy.")
    ] = None,
    value: Annotated[
        list[str] | None,
        typer.Option(help="A variable of the template: brand=Acme; repeat for more."),
    ] = None,
    language: Annotated[str | None, typer.Option(help="Of the copy: en, de. Default: en.")] = None,
    tone: Annotated[str | None, typer.Option(help="Of the copy, in a few words.")] = None,
    facts: Annotated[
        Path | None,
        typer.Option(help="A CSV with a column file, label, and more facts, such as labels.csv."),
    ] = None,
    label: Annotated[str | None, typer.Option(help="What all pictures show.")] = None,
    rules: Annotated[
        Path | None, typer.Option(help="Brand rules as JSON; copy is checked against them.")
    ] = None,
    price: Annotated[
        str | None,
        typer.Option(help="Of a million tokens sent, and written: 0.15,0.60 or 0.15,0.60,EUR."),
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Print what would be sent, and stop.")] = False,
    safe_csv: Annotated[
        bool,
        typer.Option(
            "--safe-csv", help="Put ' before text that a spreadsheet takes for a formula."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a title, a text, an alternative text and tags for files, by an LLM or a template."""
    from zerosum.studio.writing.batch import subjects_of, write_batch
    from zerosum.studio.writing.usage import Usage

    endpoint = _endpoint(model, base_url, key_from, allow_private, pictures, price)
    prompt = _prompt(template, language, tone)
    check = _checker(rules)
    subjects = subjects_of(files, facts=facts, label=label)
    if endpoint is None:
        if template is not None or value or price:
            raise ConfigError(
                "--template, --value and --price are for an LLM. Give --model and --base-url, or "
                "leave them out."
            )
        if dry_run:
            say("nothing would be sent: without --model and --base-url no LLM is asked.")
            return
    values = _values(value)
    if endpoint is not None and dry_run:
        _preview(endpoint, subjects, prompt, values, as_json)
        return
    write = _writer(endpoint, prompt, values)
    usage, hits, told, done, kept = Usage(), [], set[str](), 0, 0
    try:
        for name, one, draft in write_batch(subjects, write, out, safe_csv=safe_csv):
            done += 1
            kept += draft is None
            if draft is not None:
                usage += draft.usage
                told |= set(draft.notes)
            for hit in check(one, subjects[name]):
                hits.append({"file": name, **hit.to_json()})
                say(f"{name}: {_in_words(hit)}", err=True)
    finally:
        for note in sorted(told):
            say(f"note: {note}.", err=True)
        if 0 < done < len(subjects):
            say(f"{done} of {len(subjects)} files have copy in {out} now.", err=True)
        if kept:
            say(f"{kept} of {len(subjects)} files had copy in {out} already.", err=True)
        if usage.requests:
            say(usage.in_words, err=True)
    if as_json:
        cost = {"cost": usage.cost, "currency": usage.currency}
        tokens = {"sent": usage.prompt_tokens, "written": usage.completion_tokens}
        print_json({"path": str(out), "n": len(subjects), "hits": hits, "tokens": tokens, **cost})
    else:
        say(str(out))
    if any(hit["severity"] == "blocking" for hit in hits):
        raise typer.Exit(_BLOCKED)


def _endpoint(
    model: str | None, base_url: str | None, key_from: str, allow_private: bool, pictures: str,
    price: str | None,
) -> "Endpoint | None":  # fmt: skip
    if model is None and base_url is None:
        return None
    if model is None or base_url is None:
        raise ConfigError("an LLM needs both --model and --base-url.")
    from zerosum.studio.writing.endpoint import Endpoint

    return Endpoint.from_json(
        {
            "base_url": base_url, "model": model, "key_variable": key_from, "pictures": pictures,
            "allow_private": allow_private, "prices": _prices(price),
        }
    )  # fmt: skip


def _prices(price: str | None) -> dict[str, Any] | None:
    if price is None:
        return None
    sent, written, *currency = price.split(",")[:3] if "," in price else (price, "")
    try:
        values: dict[str, Any] = {"prompt": float(sent), "completion": float(written)}
    except ValueError:
        raise ConfigError(f"--price {price!r} is not two numbers. Write 0.15,0.60.") from None
    return values | ({"currency": currency[0]} if currency else {})


def _prompt(template: Path | None, language: str | None, tone: str | None) -> "PromptTemplate":
    from zerosum.runs.files import read_json
    from zerosum.studio.writing.prompts import PromptTemplate

    prompt = PromptTemplate() if template is None else PromptTemplate.from_json(read_json(template))
    changes = {"language": language, "tone": tone}
    return prompt.with_values({name: one for name, one in changes.items() if one is not None})


def _values(value: list[str] | None) -> dict[str, str]:
    values = {}
    for pair in value or ():
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise ConfigError(f"--value {pair!r} is not NAME=TEXT. Write --value brand=Acme.")
        values[name] = text
    return values


def _checker(path: Path | None) -> Callable[..., "list[Hit]"]:
    if path is None:
        return lambda _copy, _subject: []
    from zerosum.runs.files import read_json
    from zerosum.studio.rules.rule_set import RuleSet, check

    rules = RuleSet.from_json(read_json(path))
    return lambda copy, subject: check(copy, subject, rules)


def _writer(
    endpoint: "Endpoint | None", prompt: "PromptTemplate", values: dict[str, str]
) -> "Callable[[CopySubject], Draft]":
    if endpoint is None:
        from zerosum.studio.writing.template_writer import TemplateWriter

        return TemplateWriter(prompt.language).write
    from zerosum.studio.writing.llm import LLMWriter

    writer = LLMWriter(endpoint)
    return lambda subject: writer.write(subject, prompt, values)


def _preview(
    endpoint: "Endpoint", subjects: "dict[str, CopySubject]", prompt: "PromptTemplate",
    values: dict[str, str], as_json: bool,
) -> None:  # fmt: skip
    from zerosum.studio.writing.llm import LLMWriter

    writer = LLMWriter(endpoint)
    requests = {name: writer.preview_request(one, prompt, values) for name, one in subjects.items()}
    if as_json:
        print_json({name: {"url": one.url, "body": one.json()} for name, one in requests.items()})
        return
    for name, one in requests.items():
        say(f"# {name}", *one.in_words().splitlines(), "")


def _in_words(hit: "Hit") -> str:
    place = hit.field if hit.start == hit.end else f"{hit.field} {hit.start}-{hit.end}"
    fix = "" if hit.fix is None else f" Fix: {hit.fix!r}."
    return f"{hit.severity}: {place}: {hit.message}{fix}"
