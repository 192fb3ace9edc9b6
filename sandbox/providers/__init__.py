"""Stand in for the providers of Neon, Cloudflare, GitHub and random, attached to the real engine."""
