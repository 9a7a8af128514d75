/* Frames on a serial line that may lose, change or invent bytes.
 *
 * On the line: a zero byte, COBS(payload, its CRC-32 in little endian), a zero byte. COBS removes
 * every zero, so a zero is always a border: after any noise the next frame is read again.
 * CRC-32 is that of IEEE 802.3, as zlib computes it.
 * COBS: Cheshire and Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM ToN 7(2), 1999. */
#ifndef FORGE_LINK_FRAME_H
#define FORGE_LINK_FRAME_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the longest payload. With its CRC it stays below 254, so COBS adds one byte. */
#define FORGE_FRAME_PAYLOAD 240

#define FORGE_FRAME_CRC 4
#define FORGE_FRAME_STUFFED (FORGE_FRAME_PAYLOAD + FORGE_FRAME_CRC + 1)
#define FORGE_FRAME_ENCODED (FORGE_FRAME_STUFFED + 2)

uint32_t forge_frame_crc(const uint8_t *bytes, size_t size);

/* Writes the frame of size <= FORGE_FRAME_PAYLOAD bytes of payload; returns its bytes, at most
 * FORGE_FRAME_ENCODED. */
size_t forge_frame_encode(const uint8_t *payload, size_t size, uint8_t *frame);

/* What has come of a frame so far; all zero at first. */
typedef struct {
  uint8_t bytes[FORGE_FRAME_STUFFED];
  size_t size;
  int too_long; /* since the last border */
} forge_frame_reader;

/* Takes one byte off the line. Returns the size of the payload, now in reader->bytes until the next
 * byte comes, when this byte has completed a sound frame; else 0. */
size_t forge_frame_feed(forge_frame_reader *reader, uint8_t byte);

#endif
