/* A Fourier transform of real int16 samples, in place, in steps of four: a 2 * points-th of it.
 *
 * Each step divides by its radix first, so that no sum overflows; where one does after all, it wraps.
 * Exactly what kissfft computes in 16 bits, which TensorFlow's micro frontend takes. */
#ifndef FORGE_FORGE_FFT_H
#define FORGE_FORGE_FFT_H

#include <stdint.h>

/* Q15. */
typedef struct {
  int16_t re, im;
} forge_complex;

static inline int16_t forge_fft_q15(int32_t product) {
  return (int16_t)((product + (1 << 14)) >> 15);
}

/* b: of magnitude 1, in which no part is below -32767: the sums stay below 2^31. */
static inline forge_complex forge_fft_times(forge_complex a, forge_complex b) {
  return (forge_complex){forge_fft_q15(a.re * b.re - a.im * b.im),
                         forge_fft_q15(a.re * b.im + a.im * b.re)};
}

static inline forge_complex forge_fft_scaled(forge_complex a, int32_t divisor) {
  const int32_t part = 32767 / divisor;
  return (forge_complex){forge_fft_q15(a.re * part), forge_fft_q15(a.im * part)};
}

static inline forge_complex forge_fft_sum(forge_complex a, forge_complex b) {
  return (forge_complex){(int16_t)(a.re + b.re), (int16_t)(a.im + b.im)};
}

static inline forge_complex forge_fft_difference(forge_complex a, forge_complex b) {
  return (forge_complex){(int16_t)(a.re - b.re), (int16_t)(a.im - b.im)};
}

/* Whether a power of two is one of four as well. */
static inline int forge_fft_of_fours(uint32_t points) { return (points & 0x55555555u) != 0; }

/* Where value i lies before the first step: its digits to the base of four, and of two at the end
 * where there must be one, in reverse. */
static inline uint32_t forge_fft_place(uint32_t i, uint32_t points) {
  uint32_t place = 0;
  for (; points >= 4; i /= 4) {
    points /= 4;
    place += i % 4 * points;
  }
  return place + i % points;
}

/* Four transforms of part values each, one after the other, into one. stride: of twiddles. */
static inline void forge_fft_join(forge_complex *values, uint32_t part, uint32_t stride,
                                  const forge_complex *twiddles) {
  for (uint32_t i = 0; i < part; i++, values++) {
    const forge_complex *turn = twiddles + i * stride;
    const forge_complex a = forge_fft_scaled(values[0], 4);
    const forge_complex b = forge_fft_times(forge_fft_scaled(values[part], 4), turn[0]);
    const forge_complex c =
        forge_fft_times(forge_fft_scaled(values[2 * part], 4), turn[i * stride]);
    const forge_complex d =
        forge_fft_times(forge_fft_scaled(values[3 * part], 4), turn[2 * i * stride]);
    const forge_complex even = forge_fft_sum(a, c), odd = forge_fft_sum(b, d);
    const forge_complex across = forge_fft_difference(a, c), other = forge_fft_difference(b, d);
    const forge_complex quarter = {other.im, (int16_t)-other.re}; /* times -i */
    values[0] = forge_fft_sum(even, odd);
    values[part] = forge_fft_sum(across, quarter);
    values[2 * part] = forge_fft_difference(even, odd);
    values[3 * part] = forge_fft_difference(across, quarter);
  }
}

/* values: points of them, a power of two, each in its place. twiddles: the first three quarters of
 * the circle, clockwise, in as many parts as there are points. */
static inline void forge_fft(forge_complex *values, uint32_t points,
                             const forge_complex *twiddles) {
  uint32_t part = 1;
  if (!forge_fft_of_fours(points)) {
    for (; part < points; part += 2) {
      forge_complex *pair = values + part - 1;
      const forge_complex a = forge_fft_scaled(pair[0], 2);
      const forge_complex b = forge_fft_times(forge_fft_scaled(pair[1], 2), twiddles[0]);
      pair[0] = forge_fft_sum(a, b);
      pair[1] = forge_fft_difference(a, b);
    }
    part = 2;
  }
  for (; part < points; part *= 4) {
    for (uint32_t first = 0; first < points; first += 4 * part) {
      forge_fft_join(values + first, part, points / (4 * part), twiddles);
    }
  }
}

/* The bins of 2 * points real samples, two a value, each value in its place: values[k] is bin k, but
 * for bin 0, which is of no use, and bin points, which is not there. halves: the circle's fourth
 * quarter backwards, bins 1 to points / 2, in 2 * points parts a circle. */
static inline void forge_fft_real(forge_complex *values, uint32_t points,
                                  const forge_complex *twiddles, const forge_complex *halves) {
  forge_fft(values, points, twiddles);
  for (uint32_t k = 1; k <= points / 2; k++) {
    const forge_complex mirrored = {values[points - k].re, (int16_t)-values[points - k].im};
    const forge_complex near = forge_fft_scaled(values[k], 2), far = forge_fft_scaled(mirrored, 2);
    const forge_complex even = forge_fft_sum(near, far);
    const forge_complex odd = forge_fft_times(forge_fft_difference(near, far), halves[k - 1]);
    values[k].re = (int16_t)((even.re + odd.re) >> 1);
    values[k].im = (int16_t)((even.im + odd.im) >> 1);
    values[points - k].re = (int16_t)((even.re - odd.re) >> 1);
    values[points - k].im = (int16_t)((odd.im - even.im) >> 1);
  }
}

#endif
