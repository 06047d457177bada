"""What Schemathesis can't know of the server's bodies: which texts are images, and what the media types hold that are no JSON."""

import base64
import struct

import schemathesis
from hypothesis import strategies as st

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def npy(shape: tuple[int, ...]) -> bytes:
    """A NumPy file of bytes, all of them zero."""
    head = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".encode()
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    count = 1
    for size in shape:
        count *= size
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + bytes(count)


def damaged(whole: bytes) -> st.SearchStrategy[bytes]:
    """A file as it is, cut off, and with a byte changed."""
    cut = st.integers(0, len(whole) - 1).map(lambda end: whole[:end])
    changed = st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)).map(
        lambda edit: whole[: edit[0]] + bytes([edit[1]]) + whole[edit[0] + 1 :]
    )
    return st.one_of(st.just(whole), cut, changed, st.binary(max_size=64))


schemathesis.openapi.media_type("image/*", damaged(PIXEL))
schemathesis.openapi.media_type("application/octet-stream", damaged(PIXEL))
schemathesis.openapi.media_type("application/x-npy", damaged(npy((2, 4, 4, 3))))
schemathesis.openapi.media_type(
    "application/x-ndjson",
    st.lists(
        st.sampled_from(
            [
                b'{"signature_name": "serving_default"}',
                b'{"image_bytes": {"b64": "' + base64.b64encode(PIXEL) + b'"}, "key": 1}',
                b'{"image_bytes": {"b64": "PGh0bWw+"}}',
                b"[1.0, 2.0]",
                b"{",
                b"",
            ]
        ),
        max_size=5,
    ).map(b"\n".join),
)


@schemathesis.hook
def before_load_schema(_context, raw_schema):
    """What is adapted to Schemathesis, with the meaning that it has."""
    split_types(raw_schema)
    schemas = raw_schema["components"]["schemas"]
    for operations in raw_schema["paths"].values():
        for operation in operations.values():
            # What is generated above is bytes, and no text may stand among them.
            operation.get("requestBody", {}).get("content", {}).get("application/x-ndjson", {}).pop("examples", None)
    # Most texts are no image: where one is to stand, the document's own examples stand as well.
    if "Base64" in schemas:
        images = sorted(set(images_in(raw_schema["paths"]))) or [base64.b64encode(PIXEL).decode()]
        schemas["Base64"] = {"anyOf": [{"enum": images}, schemas["Base64"]]}


def split_types(value):
    """Schemathesis 4.32 can't read a list of types within an array that is one of several schemas: each gets a schema."""
    if isinstance(value, dict):
        types = value.get("type")
        if isinstance(types, list) and all(isinstance(one, str) for one in types):
            del value["type"]
            value["anyOf"] = [{"type": one} for one in types]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            split_types(one)


def images_in(value):
    if isinstance(value, dict):
        for key, one in value.items():
            if key == "b64" and isinstance(one, str):
                yield one
            else:
                yield from images_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from images_in(one)
