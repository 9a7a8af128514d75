"""What the kernels allow, by operator: positions of inputs that the output may lie over, byte for
byte. tests/firmware runs each of them so. Those that broadcast take a smaller input whole."""

_UNARY = (
    *("ABS", "ELU", "HARD_SWISH", "LEAKY_RELU", "LOGISTIC", "QUANTIZE", "RELU", "RELU6"),
    *("SOFTMAX", "TANH", "L2_NORMALIZATION", "LOG_SOFTMAX", "LOGICAL_NOT", "NEG", "RSQRT"),
    *("SQUARE", "ZEROS_LIKE"),
)
BROADCAST = ("ADD", "DIV", "MAXIMUM", "MINIMUM", "MUL", "PRELU", "SQUARED_DIFFERENCE", "SUB")

_BINARY = (*BROADCAST, "ADD_N", "LOGICAL_AND", "LOGICAL_OR")

IN_PLACE = (
    dict.fromkeys(_UNARY, (0,))
    | dict.fromkeys(_BINARY, (0, 1))
    | {"SELECT_V2": (0, 1, 2), "DYNAMIC_UPDATE_SLICE": (0,)}
)
