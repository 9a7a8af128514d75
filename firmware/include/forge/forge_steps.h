/* A compiled model step by step, for those who look into the arena in between: the self-test. */
#ifndef FORGE_FORGE_STEPS_H
#define FORGE_FORGE_STEPS_H

/* An inference is all steps, from 0, in this order. Where the model is fed by rows, a step without a
 * layer does nothing: before it, the next row of the input must be put in its place. */
void forge_run_step(int step);

/* The layer of a step, by its place among those that have functions, and which of its rows. */
typedef struct {
  int layer, row;
} forge_step;

forge_step forge_step_at(int step);

/* Where that place is. Only where the model is fed by rows. */
int8_t *forge_row_place(int row);

#endif
