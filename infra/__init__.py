"""The Pulumi program that provisions relay's environments."""
