"""The server for programs: HTTP and JSON; `captioner.server.launch.serve()` starts it."""
