"""Looks up the locked dependencies among the known vulnerabilities. One that is found fails.

The services that know them cannot be reached from everywhere: then this says so, loudly, and passes.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

BIN = Path(sys.executable).parent
SERVICES = ("pypi", "osv")


def export_locked(target: Path) -> None:
    """Writes every locked package with its hashes, without our own."""
    command = [BIN / "uv", "export", "--frozen", "--quiet", "--no-emit-project", "--output-file", target]
    subprocess.run(command, check=True)  # noqa: S603 - a command of our own making


def audited(requirements: Path, service: str) -> list[dict[str, Any]]:
    """What a service says about each package; empty when it could not be asked."""
    options = ["--disable-pip", "--require-hashes", "--progress-spinner", "off", "--timeout", "15", "--format", "json"]
    command = [BIN / "pip-audit", "--requirement", requirements, "--vulnerability-service", service, *options]
    result = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - see above
    try:
        dependencies: list[dict[str, Any]] = json.loads(result.stdout)["dependencies"]
    except ValueError:
        sys.stdout.write(f"pip-audit ({service}): {(result.stderr.strip().splitlines() or ['no answer'])[-1]}\n")
        return []
    return dependencies


def verdict(dependencies: list[dict[str, Any]]) -> int | None:
    """The exit code; None when not one package could be looked up."""
    known = [dependency for dependency in dependencies if "skip_reason" not in dependency]
    if not known:
        return None
    for dependency in known:
        for found in dependency["vulns"]:
            fixed = ", ".join(found["fix_versions"]) or "no version yet"
            sys.stdout.write(f"{dependency['name']} {dependency['version']}: {found['id']}, fixed in {fixed}\n")
    sys.stdout.write(f"pip-audit: {len(known)} of {len(dependencies)} packages looked up\n")
    return int(any(dependency["vulns"] for dependency in known))


def main() -> int:
    with TemporaryDirectory() as directory:
        requirements = Path(directory) / "requirements.txt"
        export_locked(requirements)
        for service in SERVICES:
            code = verdict(audited(requirements, service))
            if code is not None:
                return code
    sys.stdout.write("\n!!! pip-audit: NOT CHECKED. No vulnerability service can be reached from here.\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
