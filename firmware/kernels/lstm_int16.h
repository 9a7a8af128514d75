/* UNIDIRECTIONAL_SEQUENCE_LSTM of 16-bit values and 8-bit weights; both states are int16. */
#ifndef FORGE_KERNELS_LSTM_INT16_H
#define FORGE_KERNELS_LSTM_INT16_H

#include "kernels/int16.h"
#include "kernels/lstm.h"

/* lstm: but for its biases; its gates' factors are those of forge_requantize_wide. bias: units x 4.
 * narrow: the products of a gate, as forge_dot_i16 has it. */
typedef struct {
  forge_lstm lstm;
  int narrow;
  const int64_t *bias;
} forge_lstm_i16;

FORGE_INLINE int32_t forge_lstm_scale_wide(forge_lstm_factor factor, int64_t x) {
  return forge_lstm_saturate(forge_requantize_wide(x, factor.multiplier, factor.shift));
}

/* What the curves of a unit's gates take, Q3.12. */
FORGE_INLINE void forge_lstm_i16_gates(const forge_lstm_i16 *c, int unit, const forge_i16 *input,
                                       const forge_i16 *hidden,
                                       int32_t gates[FORGE_LSTM_GATES]) {
  const forge_lstm *l = &c->lstm;
  const int first = unit * FORGE_LSTM_GATES;
  int64_t sums[FORGE_LSTM_GATES], recurrent[FORGE_LSTM_GATES] = {0, 0, 0, 0};
  for (int i = 0; i < FORGE_LSTM_GATES; ++i) sums[i] = c->bias[first + i];
  forge_dot_4_i16(sums, input, l->weights + first * l->inputs, l->inputs, l->inputs, c->narrow);
  forge_dot_4_i16(recurrent, hidden, l->recurrent_weights + first * l->units, l->units, l->units,
                  c->narrow);
  for (int i = 0; i < FORGE_LSTM_GATES; ++i) {
    gates[i] = forge_lstm_saturate(forge_lstm_scale_wide(l->gate[i], sums[i]) +
                                   forge_lstm_scale_wide(l->recurrent_gate[i], recurrent[i]));
  }
}

FORGE_INLINE void forge_lstm_i16_run(const forge_lstm_i16 *c, const int8_t *input_bytes,
                                     int8_t *hidden_state, int8_t *cell_state,
                                     int8_t *output_bytes) {
  const forge_lstm *l = &c->lstm;
  const forge_i16 *input = forge_values_i16(input_bytes);
  const forge_i16 *hidden = forge_values_i16(hidden_state);
  forge_i16 *output = forge_output_i16(output_bytes);
  for (int step = 0; step < l->steps; ++step, input += l->inputs, output += l->units) {
    for (int unit = 0; unit < l->units; ++unit) {
      int32_t gates[FORGE_LSTM_GATES];
      forge_lstm_i16_gates(c, unit, input, hidden, gates);
      output[unit] = forge_clamp_i16(forge_lstm_hidden(l, gates, cell_state + 2 * unit),
                                     INT16_MIN, INT16_MAX);
    }
    hidden = output;
  }
  for (int unit = 0; unit < l->units; ++unit) {
    forge_output_i16(hidden_state)[unit] = hidden[unit];
  }
}

#endif
