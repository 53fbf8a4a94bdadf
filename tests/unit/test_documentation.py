"""What the documents say is there, is there; what they show, works."""

import inspect
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.operations.alert_rules import ALERT_RULES
from interfaces.bootstrap.settings import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_BACKTICKS = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_MAKE = re.compile(r"\bmake ([a-z-]+)\b")
_TOP_LEVEL = ("src/", "tests/", "docs/", "alembic/", "benchmarks/", "tools/", ".ci/")
_FILE_OF_THE_ROOT = re.compile(
    r"[A-Z]+\.md|Makefile|Dockerfile|NOTICE|[a-z]+\.(?:toml|yaml|lock)|\.[a-z.-]+\.yaml|\.env\.example"
)


def _named_paths(text: str) -> Iterator[str]:
    for quoted in _BACKTICKS.findall(_FENCED.sub("", text)):
        path = quoted.removeprefix("ls ").split("::")[0]
        if path.startswith(_TOP_LEVEL) or _FILE_OF_THE_ROOT.fullmatch(path):
            yield path


def _exists(path: str) -> bool:
    """`<capability>` stands for anything; a file that is to be written (`verb_noun.py`, `NNNN_…`) for its folder."""
    pattern = re.sub(r"<[a-z_ ]+>", "*", path)
    if re.search(r"verb_noun|NNNN_", pattern):
        pattern = str(Path(pattern).parent)
    return any(True for _ in ROOT.glob(pattern.rstrip("/")))


def _snippets(document: str) -> list[str]:
    text = (ROOT / document).read_text(encoding="utf-8")
    return [code for language, code in _FENCED.findall(text) if language == "python"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_named_in_the_documents_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = [
        link for link in _LINK.findall(_FENCED.sub("", text)) if "://" not in link and not link.startswith("mailto:")
    ]

    assert [path for path in _named_paths(text) if not _exists(path)] == []
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_every_make_target_mentioned_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    mentioned: set[str] = set()
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        code = [code for _, code in _FENCED.findall(text)] + _BACKTICKS.findall(text)
        code += re.findall(r"^ {4}(make .*)$", text, re.MULTILINE)
        mentioned |= {target for piece in code for target in _MAKE.findall(piece)}

    assert {"run", "test"} <= mentioned <= targets


def test_every_target_of_the_makefile_says_what_it_does() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(re.findall(r"^\.PHONY: ([a-z-]+)$", makefile, re.MULTILINE))

    assert phony == set(re.findall(r"^([a-z-]+):[^\n]*## \S", makefile, re.MULTILINE))


async def test_the_snippet_of_contributing_works_as_printed(tmp_path: Path) -> None:
    (code,) = _snippets("CONTRIBUTING.md")
    names: dict[str, Any] = {}
    exec(compile(code, "CONTRIBUTING.md", "exec"), names)
    tests = [made for name, made in names.items() if name.startswith("test_") and inspect.iscoroutinefunction(made)]

    assert "replace(in_memory_adapters(tmp_path), " in code
    assert len(tests) == 1
    await tests[0](tmp_path)


def test_every_setting_is_documented_and_none_that_does_not_exist() -> None:
    settings = {name.upper() for name in Settings.__struct_fields__}
    table = re.findall(r"^\| (`[A-Z_`, ]+`) ", (ROOT / "docs/settings.md").read_text(encoding="utf-8"), re.MULTILINE)
    documented = {name for cell in table for name in _BACKTICKS.findall(cell)}
    example = (ROOT / ".env.example").read_text(encoding="utf-8")

    assert documented == settings
    assert set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE)) == settings


def test_every_alert_leads_to_a_runbook_that_operating_names() -> None:
    operating = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
    linked = {f"docs/{link}" for link in _LINK.findall(operating) if link.startswith("runbooks/")}

    assert {rule.runbook for rule in ALERT_RULES} == linked


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[\[<>=;, ]", requirement)[0] for requirement in listed}
    reasons = (ROOT / "docs/decisions/0004-dependencies.md").read_text(encoding="utf-8")

    assert names == set(re.findall(r"^\| `([a-z0-9-]+)` \|", reasons, re.MULTILINE))


def test_every_decision_names_the_check_that_enforces_it_and_is_in_the_index() -> None:
    decisions = sorted(path for path in (ROOT / "docs/decisions").glob("[0-9]*.md"))
    index = (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")

    assert decisions
    assert [path.name for path in decisions if "\n## Enforced by\n" not in path.read_text(encoding="utf-8")] == []
    assert [path.name for path in decisions if f"({path.name})" not in index] == []
