/* A compiled model step by step, for those who look into the arena in between: the self-test. */
#ifndef FORGE_FORGE_STEPS_H
#define FORGE_FORGE_STEPS_H

/* forge_invoke is all steps, from 0, in this order. */
void forge_run_step(int step);

#endif
