"""Packs the handler as a model archive and becomes TorchServe, in the foreground, with one worker for each core."""

import os
import subprocess
from pathlib import Path

scratch = Path(os.environ["SCRATCH"])
archiver = "torch-model-archiver --model-name tiles --version 1 --handler handler.py --force --export-path"
subprocess.run([*archiver.split(), scratch], check=True)
config = scratch / "config.properties"
config.write_text(
    f"""inference_address=http://127.0.0.1:{os.environ["PORT"]}
management_address=http://127.0.0.1:{os.environ["PORT_2"]}
metrics_address=http://127.0.0.1:{os.environ["PORT_3"]}
default_workers_per_model={os.environ["WORKERS"]}
service_envelope=json
"""
)
start = "torchserve --start --foreground --ncs --disable-token-auth --models tiles=tiles.mar"
os.chdir(scratch)
os.execvp("torchserve", [*start.split(), "--model-store", scratch, "--ts-config", config])
