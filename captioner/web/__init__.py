"""The web page: `captioner.web.launch.serve()` opens it; each tab is a file."""
