"""Copy the few files that pages need from node_modules into .assets/vendor, each with its licence.

Node is needed for this step only, not to run. References to source maps are taken out: the maps are not copied, and
hashed file names are refused for files that refer to something absent.
"""

import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "node_modules"
TARGET = ROOT / ".assets" / "vendor"

# folder in vendor/: package and the files of it, by their path inside the package
WANTED: dict[str, tuple[str, dict[str, str]]] = {
    "htmx": ("htmx.org", {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "LICENSE.txt"}),
    "leaflet": (
        "leaflet",
        {
            "dist/leaflet.js": "leaflet.js",
            "dist/leaflet.css": "leaflet.css",
            "dist/images": "images",
            "LICENSE": "LICENSE.txt",
        },
    ),
    "echarts": (
        "echarts",
        {
            "dist/echarts.common.min.js": "echarts.common.min.js",
            "LICENSE": "LICENSE.txt",
            "NOTICE": "NOTICE.txt",
        },
    ),
    "modern-normalize": (
        "modern-normalize",
        {"modern-normalize.css": "modern-normalize.css", "license": "LICENSE.txt"},
    ),
}
SOURCE_MAP = re.compile(r"(//[#@]\s*sourceMappingURL=.*?$|/\*[#@]\s*sourceMappingURL=.*?\*/)", re.MULTILINE)


def main() -> int:
    if not SOURCE.is_dir():
        print("node_modules is missing; run `npm ci --ignore-scripts` first.", file=sys.stderr)
        return 1
    shutil.rmtree(TARGET, ignore_errors=True)
    for folder, (package, files) in WANTED.items():
        for inside, name in files.items():
            copy(SOURCE / package / inside, TARGET / folder / name)
    return 0


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.suffix in (".js", ".css"):
        target.write_text(SOURCE_MAP.sub("", source.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        shutil.copyfile(source, target)


if __name__ == "__main__":
    sys.exit(main())
