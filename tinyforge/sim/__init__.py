"""Builds firmware and executes it on the host: toolchains make an ELF, machines run it."""
