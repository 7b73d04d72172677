"""The web page, which `captioner.web.launch.serve()` opens; each tab has a file of its own."""
