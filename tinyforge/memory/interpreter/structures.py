"""The structures that TensorFlow Lite Micro's interpreter keeps in the arena, as layouts of abi.py.

Source: tensorflow/lite/micro/{micro_allocator,micro_allocation_info,micro_common}.h,
arena_allocator/*.h, memory_planner/greedy_memory_planner.h, tensorflow/lite/core/c/common.h of
TensorFlow Lite Micro 90b983c2, with TF_LITE_STATIC_MEMORY; what is there without it, in
Chirale_TensorFLowLite 2.0.0, is at the end, not in its place.
"""

# The arena's own bookkeeping, in the order in which it is created.
BUFFER_ALLOCATOR = "{2P 5P P i} 4Z"  # virtual tables, positions, what is known of temporaries
MEMORY_PLANNER = "P 2i 4P 2i P b"
MICRO_ALLOCATOR = "{P 4P b 3P} 25Z"
BUILTIN_DATA_ALLOCATOR = "2P"

SUBGRAPH = "2P Z"
EVAL_TENSOR = "2P E"  # a record a tensor: data, dimensions, type
NODE = "{6P i 2F f} P"  # a record an operator: TfLiteNode and its registration
TENSOR = "{i P} {2i} 3P 2E b 7F f"  # TfLiteTensor, of inputs, outputs, and for a while in Prepare
QUANTIZATION = "2P i"
SCRATCH_HANDLE = "P"

# What exists only while memory is planned.
SCRATCH_REQUEST = "P 2i"
ALLOCATION_INFO = "2P 3i b"
SUBGRAPH_OFFSET = "P"
PLANNED_BUFFER = "4i 2i 3i i"  # GreedyMemoryPlanner::per_buffer_size()


def int_array(count: int) -> str:
    """The layout of a TfLiteIntArray: a size, then so many ints."""
    return f"i {count}i" if count else "i"
