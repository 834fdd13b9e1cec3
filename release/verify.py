"""Checks that a repository has all that Maven Central wants of each published artifact, and nothing else.

python3 verify.py <folder> <version>

Expects the artifacts that relay-bom lists, relay-bom itself, and the parents of all of them. Each file must have its signature, by
a key that gpg knows, and its checksums.
"""

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

STAGING, VERSION = Path(sys.argv[1]), sys.argv[2]
GROUP = STAGING / "org" / "relay4j"
ROOT = Path(__file__).resolve().parent.parent
CHECKSUMS = ("md5", "sha1", "sha256", "sha512")
# Of the artifact itself, or of its parent.
INHERITED = ("url", "licenses/license/name", "licenses/license/url", "developers/developer/name", "scm/connection", "scm/url")
JAVA_17 = 61

problems = []


def file(artifact, suffix):
    return GROUP / artifact / VERSION / f"{artifact}-{VERSION}{suffix}"


def text(pom, path):
    return pom.findtext("/".join("{*}" + step for step in path.split("/"))) or ""


def parent_of(pom):
    name = text(pom, "parent/artifactId")
    return ElementTree.parse(file(name, ".pom")) if name else None


def check(good, path, problem):
    if not good:
        problems.append(f"{path.relative_to(STAGING)}: {problem}")


def check_pom(artifact):
    path = file(artifact, ".pom")
    pom = ElementTree.parse(path)
    poms = [pom]
    while parent := parent_of(poms[-1]):
        poms.append(parent)
    url = next(filter(None, (text(each, "properties/relay.url") for each in poms)), "")
    for element in ("name", "description"):
        check(text(pom, element), path, f"no {element}")
    for element in INHERITED:
        value = next(filter(None, (text(each, element) for each in poms)), "").replace("${relay.url}", url)
        check(value, path, f"no {element}")
        check("${" not in value, path, f"{element} is {value}")
    for version in pom.iter("{*}version"):
        check("SNAPSHOT" not in version.text, path, f"needs {version.text}")


def check_jar(artifact):
    path = file(artifact, ".jar")
    with zipfile.ZipFile(path) as jar:
        check("META-INF/LICENSE" in jar.namelist(), path, "no licence")
        classes = [name for name in jar.namelist() if name.endswith(".class")]
        check(classes, path, "no classes")
        for name in classes:
            check(int.from_bytes(jar.read(name)[6:8], "big") == JAVA_17, path, f"{name} is not for Java 17")
    for suffix, ending in (("-sources.jar", ".java"), ("-javadoc.jar", "index.html")):
        path = file(artifact, suffix)
        with zipfile.ZipFile(path) as jar:
            check(any(name.endswith(ending) for name in jar.namelist()), path, f"no {ending} in it")


def check_sbom(artifact):
    path = file(artifact, "-cyclonedx.json")
    sbom = json.loads(path.read_text(encoding="utf-8"))
    check(sbom["bomFormat"] == "CycloneDX", path, "not a CycloneDX document")
    component = sbom["metadata"]["component"]
    check((component["name"], component["version"]) == (artifact, VERSION), path, f"is about {component['name']}")
    listed = {each["name"] for each in sbom.get("components", [])}
    wanted = set(dependencies(artifact))
    check(wanted <= listed, path, f"does not list {', '.join(sorted(wanted - listed))}")


def dependencies(artifact):
    """The dependencies that users of the artifact get."""
    for dependency in ElementTree.parse(file(artifact, ".pom")).findall("{*}dependencies/{*}dependency"):
        if dependency.findtext("{*}scope") in (None, "compile", "runtime"):
            yield dependency.findtext("{*}artifactId")


def check_seals(path):
    """The signature and the checksums of a file."""
    signature = path.with_name(path.name + ".asc")
    verified = signature.is_file() and subprocess.run(["gpg", "--quiet", "--verify", signature, path], capture_output=True).returncode == 0
    check(verified, path, "no valid signature")
    for algorithm in CHECKSUMS:
        sum_ = path.with_name(f"{path.name}.{algorithm}")
        right = sum_.is_file() and sum_.read_text().strip() == hashlib.new(algorithm, path.read_bytes()).hexdigest()
        check(right, path, f"no {algorithm}, or a wrong one")


bom = ElementTree.parse(ROOT / "relay-bom" / "pom.xml")
jars = [each.text for each in bom.findall("{*}dependencyManagement/{*}dependencies/{*}dependency/{*}artifactId")]
poms = ["relay-bom", "relay-parent", "integrations"]
wanted = {file(artifact, ".pom") for artifact in poms + jars}
wanted |= {file(artifact, suffix) for artifact in jars for suffix in (".jar", "-sources.jar", "-javadoc.jar", "-cyclonedx.json")}
# relay-bom has no parent, which would make one for it.
wanted |= {file(artifact, "-cyclonedx.json") for artifact in poms if artifact != "relay-bom"}

seals = {"." + ending for ending in (*CHECKSUMS, "asc")}
found = {path for path in STAGING.rglob("*") if path.is_file() and path.suffix not in seals and path.parent != STAGING}
problems += [f"missing: {path.relative_to(STAGING)}" for path in sorted(wanted - found)]
problems += [f"must not be published: {path.relative_to(STAGING)}" for path in sorted(found - wanted)]
if not problems:
    for path in sorted(wanted):
        check_seals(path)
    for artifact in poms + jars:
        check_pom(artifact)
    for artifact in jars:
        check_jar(artifact)
        check_sbom(artifact)
if problems:
    print(*problems, sep="\n", file=sys.stderr)
    sys.exit(1)
print(f"{len(jars)} artifacts and {len(poms)} poms with all that belongs to them, {len(wanted)} files with signatures and checksums")
