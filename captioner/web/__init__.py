"""The web page: `captioner.web.launch.serve()` opens it; a file a tab, and beside them what all tabs share."""
