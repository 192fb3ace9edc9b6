"""Ask the clouds read-only questions over HTTP, one module a service."""
