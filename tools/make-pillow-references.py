"""Makes the images and the references of tests/parity: what Pillow decodes, resizes and normalises.

    python3 -m venv /tmp/pillow && /tmp/pillow/bin/pip install 'pillow==12.3.0' numpy pypng
    pip download --no-deps --only-binary :all: --dest /tmp/pillow scikit-learn
    (cd /tmp/pillow && python3 -m zipfile -e scikit_learn-*.whl photos)
    /tmp/pillow/bin/python tools/make-pillow-references.py /tmp/pillow/photos/sklearn/datasets/images

Pillow is held below 13: from there on, Image.resize runs the vertical pass first where the height shrinks by more
than twice what the width does, and such images differ by one grey level. Decoding is the same in both.

The argument is the folder with china.jpg and flower.jpg, two photographs that scikit-learn ships (CC BY 2.0).
Images are kept where they exist, so that another version of Pillow gives references for the same bytes;
`--images` writes them again. References go to tests/parity/fixtures/references.json (sha256 of the raw bytes)
and, deflated, to tests/parity/fixtures/pixels/ for the cases whose largest difference a failing test prints.
"""

import hashlib
import io
import json
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import PIL
import png
from PIL import Image, ImageCms, features

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "parity" / "fixtures"
IMAGES = FIXTURES / "images"
PIXELS = FIXTURES / "pixels"
FILTERS = ["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]


def main() -> None:
    photos = Path([a for a in sys.argv[1:] if not a.startswith("--")][0])
    for folder in (IMAGES, PIXELS):
        folder.mkdir(parents=True, exist_ok=True)
    for name, encoded in images(photos).items():
        path = IMAGES / name
        if "--images" in sys.argv or not path.exists():
            path.write_bytes(encoded)
    for old in PIXELS.iterdir():
        old.unlink()
    references = {
        "pillow": PIL.__version__,
        "libjpeg_turbo": features.version("libjpeg_turbo"),
        "decode": [decoded(path) for path in sorted(IMAGES.iterdir())],
        "resample": resampled(),
        "shortest_edge": shortest_edges(),
        "preprocess": preprocessed(),
    }
    text = "{\n" + ",\n".join(f"{json.dumps(k)}: {rows(v)}" for k, v in references.items()) + "\n}\n"
    (FIXTURES / "references.json").write_text(text)


def rows(value: object) -> str:
    """One case on each line: a diff of this file then shows which cases changed."""
    if not isinstance(value, list):
        return json.dumps(value)
    return "[\n" + ",\n".join(json.dumps(case) for case in value) + "\n]"


def digest(data: bytes, keep: str | None = None) -> str:
    if keep is not None:
        (PIXELS / f"{keep}.z").write_bytes(zlib.compress(data, 9))
    return hashlib.sha256(data).hexdigest()


# ------------------------------------------------------------------------------------------ references


def decoded(path: Path) -> dict:
    rgb = Image.open(path).convert("RGB")
    grey = Image.open(path).convert("L")
    # Pixels are stored where a lossy or unusual decoder makes the size of a difference interesting.
    keep = path.name if rgb.width * rgb.height < 4000 else None
    return {
        "file": path.name,
        "height": rgb.height,
        "width": rgb.width,
        "RGB": digest(rgb.tobytes(), keep),
        "L": digest(grey.tobytes()),
    }


def resampled() -> list[dict]:
    sizes = {
        "photo-444.jpg": [(45, 34), (30, 64), (48, 20), (96, 128), (224, 224), (7, 5), (1, 1), (48, 64), (49, 63)],
        "photo-large.jpg": [(224, 224), (97, 300), (190, 60), (33, 251), (400, 500), (190, 251)],
        "grey.png": [(45, 34), (96, 130), (47, 63), (3, 200)],
        "checkers.png": [(17, 17), (33, 80), (97, 61), (16, 100)],
        "wide.jpg": [(3, 224), (50, 700), (2, 5)],
        "tall.png": [(100, 2), (300, 5), (899, 3), (900, 7), (1200, 2)],
        "one-pixel.png": [(1, 1), (5, 3)],
    }
    cases = []
    for name, targets in sizes.items():
        with Image.open(IMAGES / name) as image:
            source = image if image.mode == "L" else image.convert("RGB")
            for height, width in targets:
                for filter_name in FILTERS:
                    out = source.resize((width, height), getattr(Image.Resampling, filter_name.upper()))
                    keep = f"{name}-{height}x{width}-{filter_name}" if (height, width) == (45, 34) else None
                    cases.append(resample_case(name, source, (height, width), filter_name, None, out, keep))
    # A box in source pixels, as fastai crops to an aspect before it resizes.
    with Image.open(IMAGES / "photo-large.jpg") as image:
        source = image.convert("RGB")
        for box in [(10, 20, 200, 180), (0.5, 3.25, 250.1, 189.9), (13, 7, 237, 157)]:
            for height, width in [(224, 224), (150, 224), (60, 71)]:
                for filter_name in FILTERS:
                    out = source.resize((width, height), getattr(Image.Resampling, filter_name.upper()), box=box)
                    cases.append(resample_case("photo-large.jpg", source, (height, width), filter_name, box, out, None))
    return cases


def resample_case(name, source, size, filter_name, box, out, keep) -> dict:
    case = {"file": name, "color": source.mode, "height": size[0], "width": size[1], "filter": filter_name}
    if box is not None:
        case["box"] = {"left": box[0], "top": box[1], "right": box[2], "bottom": box[3]}
    if keep is not None:
        case["pixels"] = keep
    return case | {"sha256": digest(out.tobytes(), keep)}


def shortest_edge(height: int, width: int, edge: int, longest: int | None) -> tuple[int, int]:
    """torchvision.transforms.functional._compute_resized_output_size and transformers' get_resize_output_image_size."""
    short, long = (width, height) if width <= height else (height, width)
    new_short, new_long = edge, int(edge * long / short)
    if longest is not None and new_long > longest:
        new_short, new_long = int(longest * new_short / new_long), longest
    return (new_long, new_short) if width <= height else (new_short, new_long)


def shortest_edges() -> list[dict]:
    cases = []
    for height, width in [(480, 640), (640, 480), (333, 500), (500, 333), (1, 1), (256, 256), (375, 1242), (899, 601), (30, 1000)]:
        for edge, longest in [(224, None), (256, None), (255, None), (232, 300), (800, 1333)]:
            new = shortest_edge(height, width, edge, longest)
            if min(new) > 0:
                cases.append({"from": [height, width], "edge": edge, "max": longest, "to": list(new)})
    return cases


def center_crop(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """transformers.image_transforms.center_crop on a channels-last array."""
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    out = np.zeros((height, width, image.shape[2]), image.dtype)
    y0, x0 = max(0, top), max(0, left)
    y1, x1 = min(image.shape[0], top + height), min(image.shape[1], left + width)
    out[y0 - top : y1 - top, x0 - left : x1 - left] = image[y0:y1, x0:x1]
    return out


IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
HALF = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
PLAIN = {"mean": [0, 0, 0], "std": [1, 1, 1]}
CAFFE = {"mean": [103.939, 116.779, 123.68], "std": [1, 1, 1]}
BY_255 = {"rescaleFactor": 1 / 255, "rescaleOffset": 0}
RGB = {"color": "RGB", "layout": "CHW", "dtype": "float32"}


def edge(pixels: int, filter_name: str, longest: int | None = None) -> dict:
    limit = {} if longest is None else {"maxEdgePixels": longest}
    return {"resize": {"kind": "shortest_edge", "edgePixels": pixels, **limit, "filter": filter_name}}


def exact(height: int, width: int, filter_name: str) -> dict:
    return {"resize": {"kind": "exact", "size": {"height": height, "width": width}, "filter": filter_name}}


def crop(height: int, width: int) -> dict:
    return {"centerCrop": {"height": height, "width": width}}


SPECS = {
    "imagenet": RGB | BY_255 | IMAGENET | edge(64, "bilinear") | crop(56, 56),
    "vit": RGB | BY_255 | HALF | exact(56, 56, "bicubic"),
    "hwc": RGB | BY_255 | PLAIN | exact(33, 41, "lanczos") | {"layout": "HWC"},
    "bgr": RGB | {"rescaleFactor": 1, "rescaleOffset": 0} | CAFFE | exact(40, 40, "box") | {"color": "BGR"},
    "offset": RGB | {"rescaleFactor": 1 / 127.5, "rescaleOffset": -1} | PLAIN | exact(28, 28, "hamming"),
    "grey": {"color": "L", "layout": "CHW", "dtype": "float32", "mean": [0.1307], "std": [0.3081]}
    | BY_255 | exact(28, 28, "bilinear"),
    "padded": RGB | BY_255 | IMAGENET | edge(40, "bicubic", 51) | crop(57, 62),
    "odd": RGB | BY_255 | IMAGENET | edge(50, "nearest") | crop(41, 33),
    "half": RGB | BY_255 | IMAGENET | exact(30, 30, "bilinear") | {"dtype": "float16"},
    "uint8": RGB | BY_255 | IMAGENET | edge(31, "bilinear") | crop(28, 28) | {"dtype": "uint8"},
    "as-is": RGB | BY_255 | IMAGENET,
}


def preprocessed() -> list[dict]:
    cases = []
    for name, spec in SPECS.items():
        for file in ["photo-444.jpg", "portrait.jpg", "grey.png"]:
            keep = f"row-{name}" if file == "photo-444.jpg" and name in ("imagenet", "padded") else None
            row, resized = preprocess(Image.open(IMAGES / file), spec)
            shape = {"shape": list(row.shape), "resized": list(resized)}
            cases.append({"spec": name, "file": file, **shape, "sha256": digest(row.tobytes(), keep), "given": spec})
            if keep is not None:
                cases[-1]["pixels"] = keep
    return cases


def preprocess(image: Image.Image, spec: dict) -> tuple[np.ndarray, tuple[int, int]]:
    """transformers' slow image processors: resize, center_crop, rescale, normalize."""
    image = image.convert("L" if spec["color"] == "L" else "RGB")
    resize = spec.get("resize")
    if resize is not None:
        if resize["kind"] == "exact":
            height, width = resize["size"]["height"], resize["size"]["width"]
        else:
            longest = resize.get("maxEdgePixels")
            height, width = shortest_edge(image.height, image.width, resize["edgePixels"], longest)
        image = image.resize((width, height), getattr(Image.Resampling, resize["filter"].upper()))
    pixels = np.asarray(image).reshape(image.height, image.width, -1)
    if spec["color"] == "BGR":
        pixels = pixels[:, :, ::-1]
    if "centerCrop" in spec:
        pixels = center_crop(pixels, spec["centerCrop"]["height"], spec["centerCrop"]["width"])
    row = pixels
    if spec["dtype"] != "uint8":
        row = (row.astype(np.float64) * spec["rescaleFactor"]).astype(np.float32)
        row = row + np.float32(spec["rescaleOffset"])
        row = (row - np.array(spec["mean"], np.float32)) / np.array(spec["std"], np.float32)
        row = row.astype(spec["dtype"])
    if spec["layout"] == "CHW":
        row = row.transpose(2, 0, 1)
    return np.ascontiguousarray(row), (image.height, image.width)


# ---------------------------------------------------------------------------------------------- images


def images(photos: Path) -> dict[str, bytes]:
    china, flower = (Image.open(photos / name).convert("RGB") for name in ("china.jpg", "flower.jpg"))
    photo = china.crop((60, 60, 572, 444)).resize((64, 48), Image.Resampling.LANCZOS)
    odd = flower.resize((53, 37), Image.Resampling.LANCZOS)
    rgba = odd.copy()
    rgba.putalpha(Image.linear_gradient("L").resize(odd.size))
    grey = photo.convert("L")
    palette = photo.quantize(200)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    rotated = Image.Exif()
    rotated[0x0112] = 6
    ramp = np.add.outer(np.arange(32) * 37, np.arange(40) * 11).astype(np.uint16)
    made = {
        "photo-444.jpg": save(photo, "JPEG", subsampling=0, quality=90),
        "photo-422.jpg": save(odd, "JPEG", subsampling=1, quality=85),
        "photo-420.jpg": save(odd, "JPEG", subsampling=2, quality=75),
        "photo-large.jpg": save(china.resize((251, 190), Image.Resampling.LANCZOS), "JPEG", quality=80),
        "portrait.jpg": save(flower.crop((200, 0, 460, 427)).resize((51, 83)), "JPEG", quality=85),
        "progressive.jpg": save(photo, "JPEG", progressive=True, quality=80),
        "restart-markers.jpg": save(odd, "JPEG", restart_marker_blocks=3),
        "rgb-components.jpg": save(odd, "JPEG", keep_rgb=True),
        "low-quality.jpg": save(photo, "JPEG", quality=5),
        "grey.jpg": save(grey, "JPEG", quality=85),
        "cmyk.jpg": save(cmyk(photo), "JPEG", quality=90),
        "ycck.jpg": as_ycck(save(cmyk(odd), "JPEG", quality=90)),
        "cmyk-plain.jpg": without_adobe(save(cmyk(odd), "JPEG", quality=90)),
        "exif-rotated.jpg": save(photo, "JPEG", exif=rotated, quality=85),
        "icc-profile.jpg": save(odd, "JPEG", icc_profile=profile, quality=85),
        "wide.jpg": save(china.resize((1400, 3)), "JPEG", quality=70),
        "one-pixel.jpg": save(photo.crop((9, 9, 10, 10)), "JPEG"),
        "rgb.png": save(odd, "PNG"),
        "rgba.png": save(rgba, "PNG"),
        "grey.png": save(grey, "PNG"),
        "grey-alpha.png": save(rgba.convert("LA"), "PNG"),
        "palette.png": save(palette, "PNG"),
        "palette-trns.png": save(palette, "PNG", transparency=bytes(range(0, 200))),
        "palette-4-bit.png": save(photo.quantize(13), "PNG", bits=4),
        "grey-trns.png": save(grey, "PNG", transparency=int(grey.getpixel((5, 5)))),
        "rgb-trns.png": save(odd, "PNG", transparency=odd.getpixel((5, 5))),
        "1-bit.png": save(photo.convert("1"), "PNG"),
        "2-bit-grey.png": with_pypng(np.asarray(grey) >> 6, greyscale=True, bitdepth=2),
        "4-bit-grey-interlaced.png": with_pypng(np.asarray(grey) >> 4, greyscale=True, bitdepth=4, interlace=True),
        "16-bit-grey.png": with_pypng(ramp, greyscale=True, bitdepth=16),
        "16-bit-grey-alpha.png": with_pypng(np.dstack([ramp * 40, ramp * 3]), greyscale=True, alpha=True, bitdepth=16),
        "16-bit-rgb.png": with_pypng(np.dstack([ramp * 40, ramp * 3, ramp]), greyscale=False, bitdepth=16),
        "16-bit-rgba.png": with_pypng(
            np.dstack([ramp * 40, ramp * 3, ramp, ramp * 9]), greyscale=False, alpha=True, bitdepth=16
        ),
        "16-bit-rgb-interlaced.png": with_pypng(
            np.dstack([ramp, ramp * 40, ramp * 7]), greyscale=False, bitdepth=16, interlace=True
        ),
        "interlaced.png": with_pypng(np.asarray(odd), greyscale=False, bitdepth=8, interlace=True),
        "gamma.png": with_pypng(np.asarray(odd), greyscale=False, bitdepth=8, gamma=0.7),
        "animated.png": save(photo, "PNG", save_all=True, append_images=[photo.rotate(180)]),
        "checkers.png": save(checkers(), "PNG"),
        "tall.png": save(photo.resize((3, 900)), "PNG"),
        "one-pixel.png": save(photo.crop((9, 9, 10, 10)), "PNG"),
        "lossy.webp": save(photo, "WEBP", quality=70),
        "lossy-odd.webp": save(odd, "WEBP", quality=90),
        "lossy-alpha.webp": save(rgba, "WEBP", quality=80),
        "lossless.webp": save(odd, "WEBP", lossless=True),
        "lossless-alpha.webp": save(rgba, "WEBP", lossless=True, exact=True),
        "animated.webp": save(photo, "WEBP", save_all=True, append_images=[photo.rotate(180)], quality=70),
        "palette.gif": save(palette, "GIF"),
        "grey.gif": save(grey, "GIF"),
        "transparent.gif": save(palette, "GIF", transparency=palette.getpixel((5, 5))),
        "animated.gif": save(photo.quantize(64), "GIF", save_all=True, append_images=[photo.rotate(180).quantize(64)]),
        "frame-in-screen.gif": frame_in_screen(save(palette, "GIF"), 80, 60, 7, 9),
        "transparent-frame-in-screen.gif": frame_in_screen(
            save(palette, "GIF", transparency=palette.getpixel((5, 5))), 80, 60, 7, 9
        ),
        "rgb.tiff": save(odd, "TIFF"),
        "rgb-lzw.tiff": save(odd, "TIFF", compression="tiff_lzw"),
        "rgb-deflate.tiff": save(odd, "TIFF", compression="tiff_adobe_deflate"),
        "rgb-jpeg.tiff": save(photo, "TIFF", compression="jpeg"),
        "grey.tiff": save(grey, "TIFF"),
        "grey-packbits.tiff": save(grey, "TIFF", compression="packbits"),
        "grey-alpha.tiff": save(rgba.convert("LA"), "TIFF"),
        "rgba.tiff": save(rgba, "TIFF", compression="tiff_lzw"),
        "palette.tiff": save(palette, "TIFF"),
        "1-bit.tiff": save(photo.convert("1"), "TIFF"),
        "1-bit-group4.tiff": save(photo.convert("1"), "TIFF", compression="group4"),
        "16-bit-grey.tiff": save(Image.fromarray(ramp), "TIFF"),
        "cmyk.tiff": save(cmyk(odd), "TIFF"),
        "orientation.tiff": save(odd, "TIFF", tiffinfo={0x0112: 6}),
        "pages.tiff": save(photo, "TIFF", save_all=True, append_images=[odd]),
        "24-bit.bmp": save(odd, "BMP"),
        "32-bit.bmp": bmp(np.dstack([np.asarray(odd)[:, :, ::-1], np.full((37, 53), 9)]), 32),
        "32-bit-bitfields.bmp": save(rgba, "BMP"),
        "32-bit-masks.bmp": bmp(np.dstack([np.full((37, 53), 9), np.asarray(odd)[:, :, ::-1]]), 32,
                                masks=(0xFF000000, 0xFF0000, 0xFF00)),
        "palette.bmp": save(palette, "BMP"),
        "palette-short.bmp": bmp(np.asarray(photo.quantize(9)), 8, colors=quads(photo.quantize(9))),
        "grey.bmp": save(grey, "BMP"),
        "1-bit.bmp": save(odd.convert("1"), "BMP"),
        "1-bit-colours.bmp": bmp(np.asarray(odd.quantize(2)), 1, colors=quads(odd.quantize(2))),
        "4-bit.bmp": bmp(np.asarray(photo.quantize(16)), 4, colors=quads(photo.quantize(16))),
        "4-bit-odd.bmp": bmp(np.asarray(odd.quantize(16)), 4, colors=quads(odd.quantize(16))),
        "16-bit-555.bmp": bmp(words(odd, 10, 5, 5), 16),
        "16-bit-565.bmp": bmp(words(odd, 11, 5, 6), 16, masks=(0xF800, 0x7E0, 0x1F)),
        "top-down.bmp": bmp(np.asarray(odd)[:, :, ::-1], 24, top_down=True),
        "gap.bmp": bmp(np.asarray(odd)[:, :, ::-1], 24, gap=22),
        "core.bmp": bmp(np.asarray(odd)[:, :, ::-1], 24, core=True),
        "core-palette.bmp": bmp(np.asarray(palette), 8, colors=quads(palette), core=True),
    }
    return made


def save(image: Image.Image, format_name: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, format_name, **options)
    return out.getvalue()


def checkers() -> Image.Image:
    """Hard edges and full contrast: overshoot of bicubic and Lanczos must be cut as Pillow cuts it."""
    y, x = np.mgrid[0:33, 0:41]
    return Image.fromarray((np.dstack([(x // 3 + y // 2) % 2, x % 2, (x * y) % 2]) * 255).astype(np.uint8))


def cmyk(image: Image.Image) -> Image.Image:
    """CMYK with a black plate of its own, which Pillow's convert("CMYK") leaves empty."""
    planes = np.array(image.convert("CMYK"))
    planes[:, :, 3] = np.asarray(image.convert("L").point(lambda v: max(0, 140 - v)))
    return Image.frombytes("CMYK", image.size, planes.tobytes())


def as_ycck(jpeg: bytes) -> bytes:
    """The same planes, declared YCCK: Adobe's transform flag is the last byte of its segment."""
    at = jpeg.index(b"Adobe")
    return jpeg[: at + 11] + b"\x02" + jpeg[at + 12 :]


def without_adobe(jpeg: bytes) -> bytes:
    at = jpeg.index(b"Adobe") - 4
    return jpeg[:at] + jpeg[at + 16 :]


def with_pypng(array: np.ndarray, **options) -> bytes:
    """Pillow writes neither interlaced nor 16-bit colour PNG."""
    out = io.BytesIO()
    height, width = array.shape[:2]
    png.Writer(width, height, **options).write(out, array.reshape(height, -1).tolist())
    return out.getvalue()


def frame_in_screen(gif: bytes, width: int, height: int, left: int, top: int) -> bytes:
    """The first frame smaller than the logical screen and away from its corner."""
    at = 13 + (3 << ((gif[10] & 7) + 1))
    while gif[at] == 0x21:
        at += 2
        while gif[at] != 0:
            at += gif[at] + 1
        at += 1
    frame = gif[at : at + 1] + struct.pack("<HH", left, top) + gif[at + 5 :]
    return gif[:6] + struct.pack("<HH", width, height) + gif[10:11] + b"\x03" + gif[12:at] + frame


def quads(image: Image.Image) -> bytes:
    colors = bytes(image.getpalette())
    return b"".join(bytes([colors[i + 2], colors[i + 1], colors[i], 0]) for i in range(0, len(colors), 3))


def words(image: Image.Image, red_shift: int, green_shift: int, green_bits: int) -> np.ndarray:
    r, g, b = (np.asarray(image)[:, :, c].astype(np.uint16) for c in range(3))
    return ((r >> 3) << red_shift) | ((g >> (8 - green_bits)) << green_shift) | (b >> 3)


def bmp(pixels, bits, colors=b"", masks=None, top_down=False, gap=0, core=False) -> bytes:
    """The kinds of BMP that Pillow reads and does not write."""
    height, width = pixels.shape[:2]
    lines = []
    for line in pixels if top_down else pixels[::-1]:
        if bits in (1, 4):
            each = 8 // bits
            line = np.append(line, np.zeros(-width % each, line.dtype)).reshape(-1, each)
            line = sum(line[:, i].astype(int) << (8 - bits * (i + 1)) for i in range(each)).astype(np.uint8)
        data = line.astype("<u2" if bits == 16 else np.uint8).tobytes()
        lines.append(data + bytes(-len(data) % 4))
    data = b"".join(lines)
    if core:
        colors = b"".join(colors[i : i + 3] for i in range(0, len(colors), 4))
        head = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        compression = 3 if masks else 0
        rows = -height if top_down else height
        count = len(colors) // 4
        head = struct.pack("<IiiHHIIiiII", 40, width, rows, 1, bits, compression, len(data), 2835, 2835, count, 0)
        head += struct.pack("<III", *masks) if masks else b""
    offset = 14 + len(head) + len(colors) + gap
    return struct.pack("<2sIHHI", b"BM", offset + len(data), 0, 0, offset) + head + colors + bytes(gap) + data


if __name__ == "__main__":
    main()
