/* The second half of the self-test: every layer's values for the golden vectors, by their digest. */
#ifndef FORGE_FORGE_LAYERS_H
#define FORGE_FORGE_LAYERS_H

#ifdef __cplusplus
extern "C" {
#endif

/* The first golden vector of which a layer leaves something else than it must; -1 where there is none,
 * and of an engine that cannot be looked into between its layers. After forge_init or forge_reset. */
int forge_differing_layers(void);

#ifdef __cplusplus
}
#endif

#endif
