"""tensorflow-serving-api, TensorFlow Serving's own gRPC client."""

import pytest
from digits import NAMES, PNGS, ROWS

np = pytest.importorskip("numpy")
grpc = pytest.importorskip("grpc")
tf = pytest.importorskip("tensorflow")
pytest.importorskip("tensorflow_serving.apis")

from tensorflow_serving.apis import (  # noqa: E402
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

SECONDS = 20


@pytest.fixture(scope="module")
def channel(grpc_address):
    with grpc.insecure_channel(grpc_address) as opened:
        yield opened


@pytest.fixture(scope="module")
def stub(channel):
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


def predict_request(signature="", images=PNGS, **spec):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "model"
    request.model_spec.signature_name = signature
    for name, value in spec.items():
        setattr(request.model_spec, name, value)
    request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto(images))
    return request


def refused(act, code, words):
    with pytest.raises(grpc.RpcError) as caught:
        act()
    assert caught.value.code() == code, caught.value
    assert words in caught.value.details()
    return caught.value


class TestPredict:
    def test_images(self, stub):
        response = stub.Predict(predict_request("class"), timeout=SECONDS)
        assert tf.make_ndarray(response.outputs["class"]).tolist() == list(range(10))
        spec = response.model_spec
        assert (spec.name, spec.version.value, spec.signature_name) == ("model", 1, "class")

    def test_every_signature_of_a_classifier(self, stub):
        def ask(signature):
            outputs = stub.Predict(predict_request(signature), timeout=SECONDS).outputs
            return {name: tf.make_ndarray(tensor) for name, tensor in outputs.items()}

        assert ask("label")["label"].tolist() == [name.encode() for name in NAMES]
        scores = ask("scores")["scores"]
        assert scores.shape == (10, 10) and np.allclose(scores.sum(axis=1), 1, atol=1e-5)
        assert ask("top_k")["class"][:, 0].tolist() == list(range(10))
        assert ask("")["logits"].shape == (10, 10)

    def test_plain_tensors_in_both_of_their_encodings(self, stub):
        rows = np.random.default_rng(7).normal(size=ROWS).astype(np.float32)
        packed = tf.make_tensor_proto(rows)
        assert packed.tensor_content
        listed = type(packed)(dtype=packed.dtype, tensor_shape=packed.tensor_shape, float_val=rows.ravel().tolist())
        answers = []
        for tensor in (packed, listed):
            request = predict_pb2.PredictRequest()
            request.model_spec.name = "model"
            request.inputs["pixel_values"].CopyFrom(tensor)
            answers.append(tf.make_ndarray(stub.Predict(request, timeout=SECONDS).outputs["logits"]))
        assert np.array_equal(*answers)

    def test_output_filter(self, stub):
        request = predict_request("top_k")
        request.output_filter.append("label")
        assert list(stub.Predict(request, timeout=SECONDS).outputs) == ["label"]
        request.output_filter.append("nothing")
        refused(lambda: stub.Predict(request, timeout=SECONDS), grpc.StatusCode.INVALID_ARGUMENT, "nothing")

    def test_versions_and_labels(self, stub):
        request = predict_request("class")
        request.model_spec.version.value = 1
        stub.Predict(request, timeout=SECONDS)
        request.model_spec.version.value = 99
        refused(lambda: stub.Predict(request, timeout=SECONDS), grpc.StatusCode.NOT_FOUND, "99")
        labelled = predict_request("class", version_label="canary")
        refused(lambda: stub.Predict(labelled, timeout=SECONDS), grpc.StatusCode.INVALID_ARGUMENT, "canary")

    def test_a_bad_image_is_named(self, stub):
        request = predict_request("class", [PNGS[0], b"<html></html>"])
        invalid = grpc.StatusCode.INVALID_ARGUMENT
        error = refused(lambda: stub.Predict(request, timeout=SECONDS), invalid, "instances[1]")
        assert dict(error.trailing_metadata())["onnx-serving-code"] == "INVALID_IMAGE"

    def test_gzip(self, stub):
        response = stub.Predict(predict_request("class"), timeout=SECONDS, compression=grpc.Compression.Gzip)
        assert tf.make_ndarray(response.outputs["class"]).tolist() == list(range(10))

    def test_many_at_once(self, stub):
        digits = [i % 10 for i in range(64)]
        calls = [stub.Predict.future(predict_request("class", [PNGS[one]]), timeout=SECONDS) for one in digits]
        assert [tf.make_ndarray(call.result().outputs["class"]).tolist() for call in calls] == [[d] for d in digits]

    def test_deadline(self, stub):
        request = predict_request("class", PNGS * 100)
        refused(lambda: stub.Predict(request, timeout=0.001), grpc.StatusCode.DEADLINE_EXCEEDED, "")


def example_of(image):
    features = {"image/encoded": tf.train.Feature(bytes_list=tf.train.BytesList(value=[image]))}
    return tf.train.Example(features=tf.train.Features(feature=features))


class TestOtherCalls:
    def test_classify(self, stub):
        request = classification_pb2.ClassificationRequest()
        request.model_spec.name = "model"
        request.input.example_list.examples.extend(example_of(image) for image in PNGS)
        answered = stub.Classify(request, timeout=SECONDS).result.classifications
        assert [max(one.classes, key=lambda each: each.score).label for one in answered] == NAMES

    def test_regress_of_a_classifier(self, stub):
        request = regression_pb2.RegressionRequest()
        request.model_spec.name = "model"
        request.input.example_list.examples.append(example_of(PNGS[0]))
        refused(lambda: stub.Regress(request, timeout=SECONDS), grpc.StatusCode.INVALID_ARGUMENT, "regress")

    def test_metadata(self, stub):
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        request.model_spec.name = "model"
        response = stub.GetModelMetadata(request, timeout=SECONDS)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        assert response.metadata["signature_def"].Unpack(signatures)
        default = signatures.signature_def["serving_default"]
        assert default.inputs["pixel_values"].dtype == tf.string.as_datatype_enum
        assert default.outputs["logits"].dtype == tf.float32.as_datatype_enum
        assert "top_k" in signatures.signature_def

    def test_status(self, channel):
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = "model"
        models = model_service_pb2_grpc.ModelServiceStub(channel)
        (version,) = models.GetModelStatus(request, timeout=SECONDS).model_version_status
        available = get_model_status_pb2.ModelVersionStatus.AVAILABLE
        assert (version.version, version.state, version.status.error_code) == (1, available, 0)

    def test_what_is_not_there(self, channel, stub):
        nothing = grpc.StatusCode.UNIMPLEMENTED
        refused(lambda: stub.MultiInference(inference_pb2.MultiInferenceRequest(), timeout=SECONDS), nothing, "")
        models = model_service_pb2_grpc.ModelServiceStub(channel)
        reload = model_management_pb2.ReloadConfigRequest()
        refused(lambda: models.HandleReloadConfigRequest(reload, timeout=SECONDS), nothing, "")
