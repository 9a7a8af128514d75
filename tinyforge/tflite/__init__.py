"""Bytes of a .tflite file to Graph and back."""
