"""Makes tests/images/fixtures/references.json: what Pillow makes of the image collections that `npm run test:images` fetches.

    npm run test:images                                 # fetches the collections, and prints the folder
    python3 -m venv /tmp/pillow && /tmp/pillow/bin/pip install 'pillow==12.3.0'
    /tmp/pillow/bin/python tools/make-collection-references.py <that folder>

For each file: the sha256 of its bytes, so that another version of a package is noticed; and of its first frame as
`convert("RGB")` gives it, with its size; or why Pillow refuses it. No file of a collection is stored.
"""

import hashlib
import json
import sys
import warnings
from pathlib import Path

import PIL
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "tests" / "images" / "fixtures"


def main() -> None:
    cache = Path(sys.argv[1])
    warnings.simplefilter("ignore")
    lines = []
    for collection in json.loads((FIXTURES / "collections.json").read_text()):
        # Without a Debian package it is one of npm's.
        root = cache / collection["name"] if "package" in collection else ROOT / "node_modules" / collection["name"]
        for folder in collection["folders"]:
            for path in sorted(p for p in (root / folder).rglob("*") if p.is_file() and not p.is_symlink()):
                name = f"{collection['name']}/{path.relative_to(root)}"
                lines.append(json.dumps({"file": name, **reference(path)}))
    text = f'{{"pillow": "{PIL.__version__}", "files": [\n' + ",\n".join(lines) + "\n]}\n"
    (FIXTURES / "references.json").write_text(text)


def reference(path: Path) -> dict:
    source = {"bytes": hashlib.sha256(path.read_bytes()).hexdigest()}
    try:
        with Image.open(path) as image:
            source["format"] = image.format
            rgb = image.convert("RGB")
    except Exception as error:  # Pillow refuses files with errors of every class.
        return source | {"refused": type(error).__name__}
    return source | {"height": rgb.height, "width": rgb.width, "RGB": hashlib.sha256(rgb.tobytes()).hexdigest()}


if __name__ == "__main__":
    main()
