"""From a name to captions in one line: `load("flickr8k").caption("photo.jpg")`; command line and web page call this."""

from captioner.pipeline.captioner import Captioner
from captioner.pipeline.loading import find_model, list_models, load
from captioner.pipeline.result import Candidate, CaptionResult

__all__ = ["Candidate", "CaptionResult", "Captioner", "find_model", "list_models", "load"]
