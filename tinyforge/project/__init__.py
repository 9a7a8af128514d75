"""The generated PlatformIO project: what is in it, and how it gets onto the disk."""
