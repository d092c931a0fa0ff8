"""The models as ONNX files: encoders, heads of the locator, colours and rankers."""
