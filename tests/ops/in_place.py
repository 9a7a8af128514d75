"""What the kernels allow, by operator: positions of inputs that the output may lie over, byte for
byte. tests/firmware runs each of them so. Those that broadcast take a smaller input whole."""

_UNARY = (
    *("ABS", "ELU", "HARD_SWISH", "LEAKY_RELU", "LOGISTIC", "QUANTIZE", "RELU", "RELU6"),
    *("SOFTMAX", "TANH", "CUMSUM", "L2_NORMALIZATION", "LOG_SOFTMAX", "RSQRT"),
)
BROADCAST = ("ADD", "DIV", "MAXIMUM", "MINIMUM", "MUL", "PRELU", "SQUARED_DIFFERENCE", "SUB")

IN_PLACE = dict.fromkeys(_UNARY, (0,)) | dict.fromkeys((*BROADCAST, "ADD_N"), (0, 1))
