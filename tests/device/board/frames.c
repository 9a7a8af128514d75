/* Frames as forge_frame.c sees them. Standard input: 'e' and payloads, each after its size as a byte;
 * out come their frames. Or 'd' and bytes off a line; out come the payloads, each after its size. */
#include <stdio.h>

#include "forge_frame.h"

static void encode(void) {
  uint8_t payload[FORGE_FRAME_PAYLOAD];
  uint8_t frame[FORGE_FRAME_ENCODED];
  for (int size = getchar(); size != EOF; size = getchar()) {
    if (fread(payload, 1, (size_t)size, stdin) != (size_t)size) return;
    fwrite(frame, 1, forge_frame_encode(payload, (size_t)size, frame), stdout);
  }
}

static void decode(void) {
  static forge_frame_reader reader;
  for (int byte = getchar(); byte != EOF; byte = getchar()) {
    const size_t size = forge_frame_feed(&reader, (uint8_t)byte);
    if (size > 0) {
      putchar((int)size);
      fwrite(reader.bytes, 1, size, stdout);
    }
  }
}

int main(void) {
  if (getchar() == 'e') {
    encode();
  } else {
    decode();
  }
  return 0;
}
