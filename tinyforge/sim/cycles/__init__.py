"""Estimated Cortex-M4 cycles: what was executed, times what each instruction costs."""
