"""What else can run a captioner: ONNX Runtime, the models of transformers, and many machines."""
