"""Checks a built site: each local link leads to a page and an anchor that exist, no page loads anything from elsewhere, and search
knows all pages.

python check.py <folder>
"""

import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

ROOT = Path(sys.argv[1]).resolve()
# Copies of other pages, and what Sphinx adds.
UNSEARCHED = ("index.html", "search.html", "genindex.html")


class Page(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.anchors, self.links, self.loaded = set(), [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.anchors.update(filter(None, (attributes.get("id"), attributes.get("name"))))
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        elif tag == "link" and attributes.get("rel") not in ("index", "search", "next", "prev", "canonical"):
            self.loaded.append(attributes["href"])
        elif attributes.get("src"):
            self.loaded.append(attributes["src"])


page_of = cache(Page)


def broken(path, link):
    """Whether a link of the page leads nowhere."""
    target, anchor = urldefrag(link)
    target = (path.parent / unquote(urlsplit(target).path)).resolve() if target else path
    if not target.is_file() or not target.is_relative_to(ROOT):
        return True
    return bool(anchor) and target.suffix == ".html" and unquote(anchor) not in page_of(target).anchors


def elsewhere(link):
    return bool(urlsplit(link).netloc or urlsplit(link).scheme)


# Sphinx makes the pages of the site; javadoc checks its own.
pages = [path for path in ROOT.rglob("*.html") if "javadoc" not in path.relative_to(ROOT).parts]
links, problems = 0, []
searched = (ROOT / "searchindex.js").read_text(encoding="utf-8")
for path in pages:
    page, name = page_of(path), path.relative_to(ROOT)
    local = [link for link in page.links + page.loaded if not elsewhere(link)]
    links += len(local)
    problems += [f"{name}: broken link {link}" for link in local if broken(path, link)]
    problems += [f"{name}: loaded from elsewhere: {link}" for link in page.loaded if elsewhere(link)]
    if name.as_posix() not in UNSEARCHED and f'"{name.with_suffix("").as_posix()}"' not in searched:
        problems.append(f"{name}: not in the index of the search")
if len(pages) < 20 or links < 1000:
    problems.append(f"found only {len(pages)} pages with {links} links in {ROOT}")
print(*problems, sep="\n", file=sys.stderr)
sys.exit(1 if problems else 0)
