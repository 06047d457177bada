"""grpcio-health-checking, and grpc_health_probe where it is installed."""

import shutil
import subprocess

import pytest

grpc = pytest.importorskip("grpc")
pytest.importorskip("grpc_health.v1")

from grpc_health.v1 import health_pb2, health_pb2_grpc  # noqa: E402

SECONDS = 20


@pytest.fixture
def stub(grpc_address):
    with grpc.insecure_channel(grpc_address) as channel:
        yield health_pb2_grpc.HealthStub(channel)


@pytest.mark.parametrize("service", ["", "tensorflow.serving.PredictionService", "inference.GRPCInferenceService"])
def test_check(stub, service):
    request = health_pb2.HealthCheckRequest(service=service)
    assert stub.Check(request, timeout=SECONDS).status == health_pb2.HealthCheckResponse.SERVING


def test_check_of_an_unknown_service(stub):
    with pytest.raises(grpc.RpcError) as caught:
        stub.Check(health_pb2.HealthCheckRequest(service="nothing"), timeout=SECONDS)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_watch(stub):
    stream = stub.Watch(health_pb2.HealthCheckRequest())
    assert next(stream).status == health_pb2.HealthCheckResponse.SERVING
    stream.cancel()


def test_grpc_health_probe(grpc_address):
    probe = shutil.which("grpc_health_probe")
    if probe is None:
        pytest.skip("grpc_health_probe is not installed")
    assert subprocess.run([probe, f"-addr={grpc_address}"], check=False).returncode == 0
    # 4 is its code for a service that is not serving or not known.
    unknown = subprocess.run([probe, f"-addr={grpc_address}", "-service=nothing"], check=False)
    assert unknown.returncode in (3, 4)
