/* UNIDIRECTIONAL_SEQUENCE_LSTM: steps rows of inputs values in, as many rows of units values out.
 * Each unit has four gates: input, forget, cell, output. weights: units x 4 x inputs.
 * recurrent_weights: units x 4 x units, for the row of outputs before. Zero points are in bias and
 * recurrent_bias, units x 4 both. The hidden state is the last row of outputs, the cell state has
 * an int16 a unit; both are read and changed. */
#ifndef FORGE_KERNELS_LSTM_H
#define FORGE_KERNELS_LSTM_H

#include "kernels/curves.h"
#include "kernels/dot.h"
#include "kernels/requantize.h"

enum { FORGE_LSTM_INPUT, FORGE_LSTM_FORGET, FORGE_LSTM_CELL, FORGE_LSTM_OUTPUT, FORGE_LSTM_GATES };

typedef struct {
  int32_t multiplier;
  int shift;
} forge_lstm_factor;

/* sigmoid: sigmoid(i / 24) as Q0.16, for i of 0 to 255. What tanh takes of the cell state is
 * multiplied by tanh_factor / 2^tanh_shift. cell_min and cell_max: what it is clipped to. */
typedef struct {
  int steps, inputs, units;
  const int8_t *weights, *recurrent_weights;
  const int32_t *bias, *recurrent_bias;
  forge_lstm_factor gate[FORGE_LSTM_GATES], recurrent_gate[FORGE_LSTM_GATES];
  forge_lstm_factor keep, to_cell, to_hidden;
  const uint16_t *sigmoid;
  int tanh_factor, tanh_shift;
  int cell_min, cell_max;
  int output_zero_point;
} forge_lstm;

FORGE_INLINE int32_t forge_lstm_saturate(int32_t x) {
  return x < INT16_MIN ? INT16_MIN : x > INT16_MAX ? INT16_MAX : x;
}

FORGE_INLINE int32_t forge_lstm_scale(forge_lstm_factor factor, int32_t x) {
  return forge_requantize(x, factor.multiplier, factor.shift);
}

/* What the curves of a unit's gates take, Q3.12. */
FORGE_INLINE void forge_lstm_gates(const forge_lstm *c, int unit, const int8_t *input,
                                   const int8_t *hidden, int32_t gates[FORGE_LSTM_GATES]) {
  const int first = unit * FORGE_LSTM_GATES;
  int32_t sums[FORGE_LSTM_GATES], recurrent[FORGE_LSTM_GATES];
  for (int i = 0; i < FORGE_LSTM_GATES; ++i) {
    sums[i] = c->bias[first + i];
    recurrent[i] = c->recurrent_bias[first + i];
  }
  forge_dot_4(sums, input, c->weights + first * c->inputs, c->inputs, c->inputs, 0);
  forge_dot_4(recurrent, hidden, c->recurrent_weights + first * c->units, c->units, c->units, 0);
  for (int i = 0; i < FORGE_LSTM_GATES; ++i) {
    gates[i] = forge_lstm_saturate(
        forge_lstm_saturate(forge_lstm_scale(c->gate[i], sums[i])) +
        forge_lstm_saturate(forge_lstm_scale(c->recurrent_gate[i], recurrent[i])));
  }
}

/* A unit's cell state after a step. */
FORGE_INLINE int32_t forge_lstm_cell(const forge_lstm *c, const int32_t gates[FORGE_LSTM_GATES],
                                     int32_t cell) {
  const int32_t kept =
      forge_lstm_scale(c->keep, forge_sigmoid(c->sigmoid, 3 * gates[FORGE_LSTM_FORGET]) * cell);
  const int32_t added =
      forge_lstm_scale(c->to_cell, forge_sigmoid(c->sigmoid, 3 * gates[FORGE_LSTM_INPUT]) *
                                       forge_tanh(c->sigmoid, 3 * gates[FORGE_LSTM_CELL]));
  const int32_t sum = forge_lstm_saturate(kept) + forge_lstm_saturate(added);
  return sum < c->cell_min ? c->cell_min : sum > c->cell_max ? c->cell_max : sum;
}

/* A unit's output after a step, unclamped; its cell state is read and changed. That lies in the
 * arena, whose bytes have no type of their own: hence the copies, which compile to one load and one
 * store. */
FORGE_INLINE int32_t forge_lstm_hidden(const forge_lstm *c, const int32_t gates[FORGE_LSTM_GATES],
                                       int8_t *cell_state) {
  int16_t cell;
  __builtin_memcpy(&cell, cell_state, 2);
  cell = (int16_t)forge_lstm_cell(c, gates, cell);
  __builtin_memcpy(cell_state, &cell, 2);
  const int32_t curve =
      forge_tanh(c->sigmoid, forge_curve_scale(cell, c->tanh_factor, c->tanh_shift));
  const int32_t shown = forge_sigmoid(c->sigmoid, 3 * gates[FORGE_LSTM_OUTPUT]);
  return forge_lstm_scale(c->to_hidden, curve * shown) + c->output_zero_point;
}

FORGE_INLINE int8_t forge_lstm_unit(const forge_lstm *c, int unit, const int8_t *input,
                                    const int8_t *hidden, int8_t *cell_state) {
  int32_t gates[FORGE_LSTM_GATES];
  forge_lstm_gates(c, unit, input, hidden, gates);
  return forge_clamp(forge_lstm_hidden(c, gates, cell_state + 2 * unit), -128, 127);
}

FORGE_INLINE void forge_lstm_run(const forge_lstm *c, const int8_t *input, int8_t *hidden_state,
                                 int8_t *cell_state, int8_t *output) {
  const int8_t *hidden = hidden_state;
  for (int step = 0; step < c->steps; ++step, input += c->inputs, output += c->units) {
    for (int unit = 0; unit < c->units; ++unit) {
      output[unit] = forge_lstm_unit(c, unit, input, hidden, cell_state);
    }
    hidden = output;
  }
  for (int unit = 0; unit < c->units; ++unit) hidden_state[unit] = hidden[unit];
}

#endif
