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
  int32_t zero_point; /* of the inputs */
} forge_clusters;

FORGE_INLINE void forge_clusters_copy(forge_clusters *clusters, const uint8_t *stream,
                                      int zero_point) {
  clusters->zero_point = zero_point;
  for (int i = 0; i < FORGE_CLUSTERS; ++i) clusters->values[i] = (int8_t)stream[i];
}

/* How many pixels share what it takes to look up a weight, at the most: a Cortex-M0+ has no registers
 * for two. */
#ifdef __ARM_ARCH_6M__
#define FORGE_CLUSTERED_PIXELS 1
#else
#define FORGE_CLUSTERED_PIXELS 2
#endif
/* Sums of two channels of each. Those of a pixel that there is not are nobody's. */
#define FORGE_CLUSTERED_SUMS (2 * FORGE_CLUSTERED_PIXELS)

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
#include "kernels/clustered_dsp.h"
#else

/* What comes before the last few inputs; returns how many inputs that were. */
FORGE_INLINE int forge_dot_clustered_fours(int32_t *acc, const int8_t *x, int step,
                                           const uint8_t *which, const forge_clusters *clusters,
                                           int size) {
  (void)acc, (void)x, (void)step, (void)which, (void)clusters, (void)size;
  return 0;
}

#endif

/* What loops over inputs: compiled for size, it is one function for all layers, because compilers find
 * no registers for it within another. */
#ifdef __OPTIMIZE_SIZE__
#define FORGE_CLUSTERED_LOOP FORGE_SHARED
#else
#define FORGE_CLUSTERED_LOOP FORGE_INLINE
#endif

/* acc += sums of (x[i] - zero point) times two channels' weights. which: of each input a byte. */
FORGE_CLUSTERED_LOOP void forge_dot_clustered_1(int32_t acc[2], const int8_t *x, const uint8_t *which,
                                        const forge_clusters *clusters, int size) {
  const int32_t zero_point = clusters->zero_point;
  int32_t first = acc[0], second = acc[1];
  for (int i = 0; i < size; ++i) {
    const int32_t value = x[i] - zero_point;
    first += value * clusters->values[which[i] & 15];
    second += value * clusters->values[which[i] >> 4];
  }
  acc[0] = first;
  acc[1] = second;
}

/* The same of two pixels, whose inputs lie step bytes apart; 0 for one pixel. */
FORGE_INLINE void forge_dot_clustered(int32_t acc[FORGE_CLUSTERED_SUMS], const int8_t *x, int step,
                                      const uint8_t *which, const forge_clusters *clusters,
                                      int size) {
  const int done = forge_dot_clustered_fours(acc, x, step, which, clusters, size);
  if (done == size) return;
  const int pixels = FORGE_CLUSTERED_PIXELS == 2 && step != 0 ? 2 : 1;
  for (int i = 0; i < pixels; ++i, acc += 2, x += step) {
    forge_dot_clustered_1(acc, x + done, which + done, clusters, size - done);
  }
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
