#include "../../zephyr_stub.h"
