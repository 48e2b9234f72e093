"""Look for known vulnerabilities in everything that is pinned; exit 1 where there are any.

Where the database of vulnerabilities cannot be asked, that is said, and is no failure: it says nothing of the code.
"""

import json
import subprocess
import sys

PINS = "constraints.txt"
# What pip-audit says, in small letters, where the network is at fault.
NETWORK = ("connection", "connect timeout", "timed out", "resolve", "unreachable", "max retries", "service unavailable")

done = subprocess.run(
    [
        *(sys.executable, "-m", "pip_audit", "--requirement", PINS, "--no-deps", "--disable-pip"),
        *("--progress-spinner", "off", "--format", "json"),
    ],
    capture_output=True,
    text=True,
    check=False,
)
try:
    packages = json.loads(done.stdout)["dependencies"]
except (json.JSONDecodeError, KeyError):
    last = (done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1]
    print(f"Dependencies NOT audited: {last}")
    sys.exit(0 if any(sign in last.lower() for sign in NETWORK) else 1)
found = [(package, fault) for package in packages for fault in package.get("vulns", [])]
for package, fault in found:
    fixed = ", ".join(fault["fix_versions"]) or "no version yet"
    print(f"{package['name']} {package['version']}: {fault['id']}, mended in {fixed}")
skipped = sum("skip_reason" in package for package in packages)
unknown = f"; {skipped} could NOT be looked up" if skipped else ""
print(f"Dependencies audited: {len(packages)}, vulnerabilities: {len(found)}{unknown}")
sys.exit(1 if found else 0)
