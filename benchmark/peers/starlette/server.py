"""fastai-serving's shape with today's PyTorch: one process, PIL, torch, `/analyze:predict`.

As Starlette's documentation asks, blocking work runs in its thread pool, not on the event loop. The pool has
a thread for each core, and each runs the graph on its own: more at once would only take turns.
"""

import json
import os
from base64 import b64decode
from contextlib import asynccontextmanager

import anyio.to_thread
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import Route
from torch_classifier import TorchClassifier

classifier = TorchClassifier()


def classify(body):
    instances = json.loads(body)["instances"]
    images = [b64decode(instance["image_bytes"]["b64"]) for instance in instances]
    return classifier(images)


async def analyze(request):
    return JSONResponse({"predictions": await run_in_threadpool(classify, await request.body())})


async def health(_request):
    return JSONResponse({"status": "OK"})


@asynccontextmanager
async def lifespan(_app):
    anyio.to_thread.current_default_thread_limiter().total_tokens = int(os.environ["WORKERS"])
    yield


app = Starlette(
    routes=[Route("/analyze", health), Route("/analyze:predict", analyze, methods=["POST"])],
    lifespan=lifespan,
)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", access_log=False)
