/* Sound to rows of log-mel energies, in whole numbers: what speech models take.
 *
 * A row: a window of samples, its spectrum, triangular filters evenly spaced in mel, the root of
 * each one's energy; noise, estimated channel by channel, taken off; a gain that falls as the noise
 * grows (PCAN); the natural logarithm. Bit for bit TensorFlow's micro frontend, with the tables of
 * log_mel.h, which tinyforge generates. No floating point; some 1.2 KiB of RAM for 40 channels. */
#ifndef FORGE_FORGE_LOG_MEL_H
#define FORGE_FORGE_LOG_MEL_H

#include <stdint.h>

#include "forge/forge_fft.h"
#include "log_mel.h"

enum {
  FORGE_MEL_PAIRS = FORGE_MEL_POINTS / 2, /* complex values that the real points make */
  /* Fraction bits. */
  FORGE_MEL_WINDOW_BITS = 12,
  FORGE_MEL_SHARE_BITS = 14,
  FORGE_MEL_RATIO_BITS = 12,
  FORGE_MEL_SHRUNK_BITS = 6,
  FORGE_MEL_LOG_BITS = 16,
  FORGE_MEL_PIECE_BITS = 9, /* of LOG_BITS, within a piece of the logarithm's table */
  FORGE_MEL_LN_2 = 45426    /* in LOG_BITS */
};

/* Zeros at the beginning of a sound. noise: the estimate, of each channel. spectrum: of the row in
 * hand alone. */
typedef struct {
  uint32_t noise[FORGE_MEL_CHANNELS];
  forge_complex spectrum[FORGE_MEL_PAIRS];
} forge_mel;

/* How many bits a value takes: 0 for 0. */
static inline uint32_t forge_mel_bits(uint32_t value) {
  return value == 0 ? 0 : 32 - (uint32_t)__builtin_clz(value);
}

/* Sample i of the window, weighted; 0 behind its end. */
static inline int16_t forge_mel_cut(const int16_t *samples, uint32_t i) {
  if (i >= FORGE_MEL_WINDOW) return 0;
  return (int16_t)((samples[i] * forge_mel_window[i]) >> FORGE_MEL_WINDOW_BITS);
}

/* -32768, which has no magnitude in 16 bits, is as good as 0. */
static inline uint32_t forge_mel_magnitude(int16_t value) {
  return value == INT16_MIN ? 0 : (uint32_t)(value < 0 ? -value : value);
}

static inline int16_t forge_mel_louder(int16_t value, uint32_t shift) {
  return (int16_t)((uint32_t)(uint16_t)value << shift);
}

/* The spectrum of a window of samples, made as loud as 16 bits hold: returns by how many bits. */
static inline uint32_t forge_mel_spectrum(const int16_t *samples, forge_complex *spectrum) {
  uint32_t largest = 0;
  for (uint32_t i = 0; i < FORGE_MEL_PAIRS; i++) {
    const forge_complex pair = {forge_mel_cut(samples, 2 * i), forge_mel_cut(samples, 2 * i + 1)};
    const uint32_t re = forge_mel_magnitude(pair.re), im = forge_mel_magnitude(pair.im);
    if (re > largest) largest = re;
    if (im > largest) largest = im;
    spectrum[forge_fft_place(i, FORGE_MEL_PAIRS)] = pair;
  }
  const uint32_t shift = 15 - forge_mel_bits(largest);
  for (uint32_t i = 0; i < FORGE_MEL_PAIRS; i++) {
    spectrum[i].re = forge_mel_louder(spectrum[i].re, shift);
    spectrum[i].im = forge_mel_louder(spectrum[i].im, shift);
  }
  forge_fft_real(spectrum, FORGE_MEL_PAIRS, forge_mel_twiddles, forge_mel_halves);
  return shift;
}

/* The square root, to the nearest; below 2^32 never more than 65535. */
static inline uint32_t forge_mel_root(uint64_t value) {
  uint64_t root = 0, rest = value, bit = (uint64_t)1 << 62;
  while (bit > value) bit >>= 2;
  for (; bit != 0; bit >>= 2) {
    const uint64_t tried = root + bit;
    root >>= 1;
    if (rest < tried) continue;
    rest -= tried;
    root += bit;
  }
  const int up = rest > root && (root != 0xFFFF || value >> 32 != 0);
  return (uint32_t)root + (uint32_t)up;
}

/* Takes the noise off a channel's signal, but for a part that is always left. noise: its estimate,
 * which the signal goes into first. */
static inline uint32_t forge_mel_cleaned(uint32_t signal, uint32_t *noise, uint32_t share) {
  const uint32_t scaled = signal << FORGE_MEL_SMOOTHING_BITS;
  const uint32_t rest = (1u << FORGE_MEL_SHARE_BITS) - share;
  *noise = (uint32_t)(((uint64_t)scaled * share + (uint64_t)*noise * rest) >> FORGE_MEL_SHARE_BITS);
  const uint32_t taken = *noise < scaled ? *noise : scaled;
  const uint32_t left = (scaled - taken) >> FORGE_MEL_SMOOTHING_BITS;
  const uint32_t least = (uint32_t)((uint64_t)signal * FORGE_MEL_LEAST_SHARE >> FORGE_MEL_SHARE_BITS);
  return left > least ? left : least;
}

/* The gain that goes with an estimate of the noise: a parabola in the octave that it lies in. */
static inline int16_t forge_mel_gain_of(uint32_t noise) {
  if (noise < 2) return forge_mel_gain[noise];
  const uint32_t octave = forge_mel_bits(noise);
  const int16_t *piece = forge_mel_gain + 4 * octave - 6;
  const uint32_t aligned = octave < 11 ? noise << (11 - octave) : noise >> (octave - 11);
  const int32_t fraction = (int32_t)(aligned & 0x3FF);
  const int32_t rise = ((piece[2] * fraction) >> 5) + piece[1] * 32;
  return (int16_t)(piece[0] + ((rise * fraction + (1 << 14)) >> 15));
}

/* A signal times its gain, small ones squared. */
static inline uint32_t forge_mel_evened(uint32_t signal, uint32_t noise) {
  const uint32_t gain = (uint32_t)forge_mel_gain_of(noise);
  const uint32_t ratio = (uint32_t)((uint64_t)signal * gain >> FORGE_MEL_RATIO_SHIFT);
  if (ratio < 2u << FORGE_MEL_RATIO_BITS) {
    return ratio * ratio >> (2 + 2 * FORGE_MEL_RATIO_BITS - FORGE_MEL_SHRUNK_BITS);
  }
  return (ratio >> (FORGE_MEL_RATIO_BITS - FORGE_MEL_SHRUNK_BITS)) - (1u << FORGE_MEL_SHRUNK_BITS);
}

/* The natural logarithm, 0 of 0 and 1: a line in each piece of an octave. */
static inline uint16_t forge_mel_log_of(uint32_t value) {
  if (value <= 1) return 0;
  const uint32_t whole = forge_mel_bits(value) - 1;
  const uint32_t above = value - (1u << whole);
  const uint32_t fraction = whole < FORGE_MEL_LOG_BITS ? above << (FORGE_MEL_LOG_BITS - whole)
                                                       : above >> (whole - FORGE_MEL_LOG_BITS);
  const uint16_t *piece = forge_mel_log + (fraction >> FORGE_MEL_PIECE_BITS);
  const int32_t within = (int32_t)(fraction & ((1u << FORGE_MEL_PIECE_BITS) - 1));
  const int32_t along = ((piece[1] - piece[0]) * within) >> FORGE_MEL_LOG_BITS;
  const uint32_t log2 = (whole << FORGE_MEL_LOG_BITS) + fraction + (uint32_t)(piece[0] + along);
  const uint32_t half = 1u << (FORGE_MEL_LOG_BITS - 1);
  const uint32_t natural =
      (uint32_t)(((uint64_t)FORGE_MEL_LN_2 * log2 + half) >> FORGE_MEL_LOG_BITS);
  const uint32_t scaled = ((natural << FORGE_MEL_LOG_SHIFT) + half) >> FORGE_MEL_LOG_BITS;
  return (uint16_t)(scaled < UINT16_MAX ? scaled : UINT16_MAX);
}

/* Brings what the roots of energies are to the scale of the samples' own spectrum. */
static inline uint32_t forge_mel_corrected(uint32_t value) {
#if FORGE_MEL_CORRECTION_BITS >= 0
  return value << FORGE_MEL_CORRECTION_BITS;
#else
  return value >> -(FORGE_MEL_CORRECTION_BITS);
#endif
}

/* The row of a window, FORGE_MEL_WINDOW samples, into FORGE_MEL_CHANNELS values; each begins
 * FORGE_MEL_HOP samples after the one before. */
static inline void forge_mel_row(forge_mel *mel, const int16_t *samples, uint16_t *row) {
  const uint32_t shift = forge_mel_spectrum(samples, mel->spectrum);
  const forge_complex *bin = mel->spectrum + FORGE_MEL_FIRST_BIN;
  const uint16_t(*weight)[2] = forge_mel_weights;
  uint64_t falling = 0;
  for (uint32_t edge = 0; edge <= FORGE_MEL_CHANNELS; edge++) {
    uint64_t rising = falling;
    falling = 0;
    for (uint32_t left = forge_mel_widths[edge]; left > 0; left--, bin++, weight++) {
      const uint32_t energy = (uint32_t)(bin->re * bin->re) + (uint32_t)(bin->im * bin->im);
      rising += (uint64_t)energy * (*weight)[0];
      falling += (uint64_t)energy * (*weight)[1];
    }
    if (edge == 0) continue;
    const uint32_t channel = edge - 1;
    uint32_t *noise = mel->noise + channel;
    const uint32_t share = channel % 2 == 0 ? FORGE_MEL_EVEN_SHARE : FORGE_MEL_ODD_SHARE;
    const uint32_t signal = forge_mel_cleaned(forge_mel_root(rising) >> shift, noise, share);
    row[channel] = forge_mel_log_of(forge_mel_corrected(forge_mel_evened(signal, *noise)));
  }
}

#endif
