"""A model as ONNX graphs: `graphs` exports them, `int8` makes them smaller, `model` runs them."""
