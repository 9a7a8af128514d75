/* Weights that are few different values: a table of these, and of each weight four bits that say which
 * of them it is. They stay so in flash, half of what the weights take.
 *
 * The stream holds the table, FORGE_CLUSTERS values, then for each two output channels a byte of each
 * input's two weights: the first channel's in its lower half. Of an odd number of channels the last is
 * there twice. */
#ifndef FORGE_KERNELS_CLUSTERED_H
#define FORGE_KERNELS_CLUSTERED_H

#include "kernels/requantize.h"

#define FORGE_CLUSTERS 16

/* A copy of the table where reading takes no wait states: each product reads it. */
typedef struct {
  int8_t values[FORGE_CLUSTERS];
} forge_clusters;

FORGE_INLINE forge_clusters forge_clusters_of(const uint8_t *stream) {
  forge_clusters clusters;
  for (int i = 0; i < FORGE_CLUSTERS; ++i) clusters.values[i] = (int8_t)stream[i];
  return clusters;
}

/* acc += sums of (x[i] - zero_point) times two channels' weights. which: of each input a byte. */
FORGE_INLINE void forge_dot_clustered(int32_t acc[2], const int8_t *x, const uint8_t *which,
                                      const forge_clusters *clusters, int size, int zero_point) {
  int32_t first = acc[0], second = acc[1];
  for (int i = 0; i < size; ++i) {
    const int32_t value = x[i] - zero_point;
    first += value * clusters->values[which[i] & 15];
    second += value * clusters->values[which[i] >> 4];
  }
  acc[0] = first;
  acc[1] = second;
}

/* The outputs of two channels, or of the last one alone. Returns where the next lie. */
FORGE_INLINE int8_t *forge_clustered_outputs(const forge_requantization *r, const int32_t acc[2],
                                             int channel, int channels, int8_t *output) {
  for (int i = 0; i < 2 && channel + i < channels; ++i) {
    *output++ = forge_requantize_channel(r, acc[i], channel + i);
  }
  return output;
}

/* A channel's bias, or sum so far, and the next one's; of the last alone that twice. */
FORGE_INLINE void forge_clustered_begin(const int32_t *sums, int channel, int channels,
                                         int32_t acc[2]) {
  acc[0] = sums[channel];
  acc[1] = sums[channel + 1 < channels ? channel + 1 : channel];
}

#endif
