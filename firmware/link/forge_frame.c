#include "forge_frame.h"

#define POLYNOMIAL 0xEDB88320u

uint32_t forge_frame_crc(const uint8_t *bytes, size_t size) {
  uint32_t crc = 0xFFFFFFFFu;
  for (size_t i = 0; i < size; i++) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (POLYNOMIAL & (0u - (crc & 1u)));
  }
  return ~crc;
}

/* A COBS block under construction: its code byte waits at code for the block's length. */
typedef struct {
  uint8_t *frame;
  size_t code;
  size_t size;
} stuffer;

static void stuff(stuffer *to, uint8_t byte) {
  if (byte != 0) {
    to->frame[to->size++] = byte;
    return;
  }
  to->frame[to->code] = (uint8_t)(to->size - to->code);
  to->code = to->size++;
}

size_t forge_frame_encode(const uint8_t *payload, size_t size, uint8_t *frame) {
  const uint32_t crc = forge_frame_crc(payload, size);
  stuffer to = {frame, 1, 2};
  frame[0] = 0;
  for (size_t i = 0; i < size; i++) stuff(&to, payload[i]);
  for (unsigned shift = 0; shift < 32; shift += 8) stuff(&to, (uint8_t)(crc >> shift));
  frame[to.code] = (uint8_t)(to.size - to.code);
  frame[to.size++] = 0;
  return to.size;
}

/* Decodes COBS in place; returns the bytes that remain, 0 when a block reaches past the end. */
static size_t unstuff(uint8_t *bytes, size_t size) {
  size_t read = 0;
  size_t written = 0;
  while (read < size) {
    const size_t block = bytes[read++] - 1u;
    if (block > size - read) return 0;
    for (size_t i = 0; i < block; i++) bytes[written++] = bytes[read++];
    if (read < size) bytes[written++] = 0;
  }
  return written;
}

/* The payload's size of a frame whose last byte has come; 0 where it is not sound. */
static size_t checked(uint8_t *bytes, size_t stuffed) {
  const size_t size = unstuff(bytes, stuffed);
  if (size <= FORGE_FRAME_CRC) return 0;
  const size_t payload = size - FORGE_FRAME_CRC;
  uint32_t crc = 0;
  for (size_t i = 0; i < FORGE_FRAME_CRC; i++) crc |= (uint32_t)bytes[payload + i] << (8 * i);
  return crc == forge_frame_crc(bytes, payload) ? payload : 0;
}

size_t forge_frame_feed(forge_frame_reader *reader, uint8_t byte) {
  if (byte == 0) {
    const size_t size = reader->too_long ? 0 : reader->size;
    reader->size = 0;
    reader->too_long = 0;
    return size == 0 ? 0 : checked(reader->bytes, size);
  }
  if (reader->size == sizeof reader->bytes) {
    reader->too_long = 1;
  } else {
    reader->bytes[reader->size++] = byte;
  }
  return 0;
}
