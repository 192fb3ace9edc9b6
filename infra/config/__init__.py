"""Read and check the configuration: settings, stack files, rules within a stack and between stacks."""
