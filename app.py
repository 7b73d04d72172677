"""The web page as Hugging Face Spaces runs it; elsewhere, `captioner app` is the same page."""

from captioner.web.launch import serve

if __name__ == "__main__":
    serve()
