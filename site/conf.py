"""Settings of Sphinx for the site: the Markdown pages of the repository, where they are, and the Javadoc. See ./build."""

import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

from docutils import nodes

ROOT = Path(__file__).resolve().parent.parent
JAVADOC = ROOT / "relay-javadoc" / "target" / "reports" / "apidocs"
POM = ElementTree.parse(ROOT / "pom.xml")
URL = POM.findtext("{*}properties/{*}relay.url")

project = "Relay"
copyright = "The Relay authors, Apache License 2.0"
version = release = POM.findtext("{*}version")

extensions = ["myst_parser"]
root_doc = "README"
include_patterns = ["**.md"]
exclude_patterns = ["target", "**/target", "**/node_modules", "**/src", ".*", "site/navigation.md"]

# Headings get the same anchors as on GitHub. Links to anchors are checked.
myst_heading_anchors = 6
highlight_language = "none"

html_theme = "furo"
html_title = f"Relay {version}"
html_copy_source = False
html_static_path = ["static"]
html_css_files = ["site.css"]
templates_path = ["templates"]
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "javadoc.html",
        "sidebar/scroll-end.html",
    ]
}

# Not a picture, which Sphinx copies.
LINK = re.compile(r"(?<!!)\[([^]\[]*)\]\((?!https?:|#)([^)\s#]+)\)")
# A type in backticks, alone or with a member: `RelayClient`, `RelayClient.connect`, `RelayClient.connect(...)`.
TYPE = re.compile(r"@?([A-Z]\w+)(\.\w+)*(\(.*\))?")
TYPES = {page.stem: page.relative_to(JAVADOC).as_posix() for page in JAVADOC.glob("org/**/[A-Z]*.html")}


def read(app, page, text):
    """A link to a folder leads to its README, a link to any other file to the repository, if its address is known."""
    folder = (ROOT / page).parent

    def rewrite(link):
        label, target = link[1], link[2].rstrip("/")
        path = (folder / target).resolve()
        if path.suffix == ".md":
            return link[0]
        if (path / "README.md").is_file():
            return f"[{label}]({target}/README.md)"
        return f"[{label}]({URL}/tree/HEAD/{path.relative_to(ROOT).as_posix()})" if URL else label

    text[0] = LINK.sub(rewrite, text[0])
    if page == root_doc:
        text[0] += "\n" + (ROOT / "site" / "navigation.md").read_text(encoding="utf-8")


def link_types(app, doctree, page):
    """Public types lead to their Javadoc."""
    for literal in list(doctree.findall(nodes.literal)):
        name = TYPE.fullmatch(literal.astext())
        if name and name[1] in TYPES and not isinstance(literal.parent, (nodes.reference, nodes.title)):
            reference = nodes.reference(refuri="../" * page.count("/") + "javadoc/" + TYPES[name[1]])
            literal.replace_self(reference)
            reference += literal


def finish(app, failure):
    """The README is the front page."""
    if not failure:
        out = Path(app.outdir)
        shutil.copy(out / "README.html", out / "index.html")
        shutil.copytree(JAVADOC, out / "javadoc", dirs_exist_ok=True)


def setup(app):
    app.connect("source-read", read)
    app.connect("doctree-resolved", link_types)
    app.connect("build-finished", finish)
