"""The clients of the field, with their own unchanged packages, against a running server of the digits model.

    npm run test:clients        # starts the server, installs the packages and runs all of this; or by hand:
    GRPC_PORT=8500 AIP_HEALTH_ROUTE=/v1/endpoints/1/deployedModels/2 \
      AIP_PREDICT_ROUTE=/v1/endpoints/1/deployedModels/2:predict node dist/bin.cjs serve
    pytest tests/clients/test_torchserve.py --rest-url=http://127.0.0.1:8501 --grpc-address=127.0.0.1:8500

One file at a time. A package that is not installed skips its tests.
"""

from pathlib import Path

import pytest


def pytest_addoption(parser):
    # No prefix of an option of KServe's, which reads the command line when it is imported.
    parser.addoption("--rest-url", default="http://127.0.0.1:8501", help="where the server is")
    parser.addoption("--grpc-address", default="127.0.0.1:8500", help="where its gRPC port is")
    parser.addoption("--chip-n-scale", help="a clone of developmentseed/chip-n-scale-queue-arranger")


@pytest.fixture(scope="session")
def http(request):
    return request.config.getoption("--rest-url").rstrip("/")


@pytest.fixture(scope="session")
def grpc_address(request):
    return request.config.getoption("--grpc-address")


@pytest.fixture(scope="session")
def chip_n_scale(request):
    folder = request.config.getoption("--chip-n-scale")
    if folder is None:
        pytest.skip("no --chip-n-scale: a clone of developmentseed/chip-n-scale-queue-arranger")
    return Path(folder).resolve()
