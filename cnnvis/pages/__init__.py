"""Pages a browser opens from the disk: text, pictures and links, no network, no server."""
