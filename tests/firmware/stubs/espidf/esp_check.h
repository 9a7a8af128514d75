#include "esp_stub.h"
