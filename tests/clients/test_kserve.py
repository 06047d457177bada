"""KServe's SDK, which can't be imported beside tritonclient.grpc: both register messages of the same names."""

import asyncio

import pytest
from digits import BASE64, PNGS, ROWS

np = pytest.importorskip("numpy")
kserve = pytest.importorskip("kserve")


def images():
    tensor = kserve.InferInput("pixel_values", [10], "BYTES")
    tensor.set_data_from_numpy(np.array(PNGS, dtype=object), binary_data=True)
    return tensor


def zeros():
    tensor = kserve.InferInput("pixel_values", list(ROWS), "FP32")
    tensor.set_data_from_numpy(np.zeros(ROWS, dtype=np.float32), binary_data=False)
    return tensor


def request(tensor, **options):
    return kserve.InferRequest(model_name="model", infer_inputs=[tensor], **options)


def test_v2(http):
    async def ask():
        async with kserve.InferenceRESTClient(kserve.RESTConfig(protocol="v2", retries=0)) as client:
            assert await client.is_server_live(http) and await client.is_server_ready(http)
            assert await client.is_model_ready(http, "model")
            assert not await client.is_model_ready(http, "none")

            answer = await client.infer(http, request(images(), request_id="kserve"), model_name="model")
            assert answer.id == "kserve"
            assert answer.outputs[0].as_numpy().argmax(axis=1).tolist() == list(range(10))

            parameters = {"binary_data_output": True, "signature_name": "scores"}
            answer = await client.infer(http, request(images(), parameters=parameters), model_name="model")
            assert np.allclose(answer.outputs[0].as_numpy().sum(axis=1), 1, atol=1e-5)

            answer = await client.infer(http, request(zeros()), model_name="model")
            assert answer.outputs[0].shape == [2, 10]

    asyncio.run(ask())


def test_v1(http):
    async def ask():
        async with kserve.InferenceRESTClient(kserve.RESTConfig(protocol="v1", retries=0)) as client:
            assert await client.is_model_ready(http, "model")
            body = {"instances": [{"image_bytes": {"b64": one}} for one in BASE64], "signature_name": "class"}
            answer = await client.infer(http, body, model_name="model")
            assert answer == {"predictions": list(range(10))}

    asyncio.run(ask())


def test_grpc(grpc_address):
    async def ask():
        client = kserve.InferenceGRPCClient(grpc_address)
        assert await client.is_server_live() and await client.is_server_ready()
        assert await client.is_model_ready("model") and not await client.is_model_ready("none")
        answer = await client.infer(request(images(), parameters={"signature_name": "class"}))
        assert answer.outputs[0].as_numpy().tolist() == list(range(10))
        await client.close()

    asyncio.run(ask())
