"""A hook of mkdocs: makes pages of the README and the notebooks, and MathML of formulas."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from nbconvert import MarkdownExporter

from temperance.show.page import mathml

ROOT = Path(__file__).parents[1]
_CHAPTER = r"theory/[\w-]+\.md"  # of the theory: a page of the site, beside the folder of programs of that name


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the notebooks into the navigation, in their order."""
    config.nav.insert(3, {"Notebooks": [f"notebooks/{path.stem}.md" for path in _notebooks()]})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the README as the first page, the pictures it shows, and a page a notebook."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    files.append(File.generated(config, "index.md", content=_from_root(readme)))
    for path in _notebooks():
        body, resources = MarkdownExporter().from_notebook_node(
            nbformat.read(path, as_version=4), {"output_files_dir": f"{path.stem}_files"}
        )
        files.append(File.generated(config, f"notebooks/{path.stem}.md", content=_from_notebook(body)))
        for name, picture in resources["outputs"].items():
            files.append(File.generated(config, f"notebooks/{name}", content=picture))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links that work in a checkout into links of the site."""
    markdown = re.sub(r"\]\(\.\./(notebooks/\w+)\.ipynb\)", r"](\1.md)", markdown)
    programs = rf"(?!{_CHAPTER})(?:theory|numerics|temperance|campaigns)/[^)]*"
    return re.sub(rf"\[([^\]]+)\]\((?:\.\./)+{programs}\)", r"\1", markdown)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Write every formula as MathML, which browsers show by themselves."""
    return re.sub(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', _formula, html, flags=re.DOTALL)


def _notebooks() -> list[Path]:
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def _formula(match: re.Match[str]) -> str:
    latex = re.sub(r"(begin|end)\{aligned\}", r"\1{align*}", unescape(match[2]).strip())
    return mathml(latex, display=match[1] == "div")


def _from_root(text: str) -> str:
    """Turn links of a file at the root into links of the site, which holds docs and notebooks only."""
    text = re.sub(r"\]\(docs/", "](", text)
    text = re.sub(r"(\]\(notebooks/\w+)\.ipynb\)", r"\1.md)", text)
    programs = rf"(?!{_CHAPTER})(?:theory|numerics|campaigns)/[^)]*"
    return re.sub(rf"\[([^\]]+)\]\(({programs}|[A-Z]+\.(?:md|cff))\)", r"\1", text)


def _from_notebook(text: str) -> str:
    """Turn links of a notebook to other notebooks and to docs into links of the site."""
    text = re.sub(r"\]\((\w+)\.ipynb\)", r"](\1.md)", text)
    return re.sub(r"\]\(\.\./docs/", "](../", text)
