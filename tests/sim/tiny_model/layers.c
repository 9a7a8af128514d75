/* What layers.S does, for computers. */
#include <stdint.h>

#include "forge/forge.h"

extern int8_t forge_arena[64];

void forge_layer_0(void);
void forge_layer_1(void);

void forge_layer_0(void) {
  for (int i = 0; i < 8; i++) forge_arena[16 + i] = (int8_t)(forge_arena[i] + 1);
}

void forge_layer_1(void) {
  for (int i = 0; i < 4; i++) {
    forge_arena[32 + i] = (int8_t)(forge_arena[16 + i] + forge_arena[20 + i]);
  }
}

forge_status forge_invoke(void) {
  /* EXTRA */
  forge_layer_0();
  forge_layer_1();
  return FORGE_OK;
}
