"""The board itself: flashed by PlatformIO, then asked over its serial port what it computes."""
