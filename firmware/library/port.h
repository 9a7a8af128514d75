/* All that a model in a library wants of its application: somewhere to print. */
#ifndef FORGE_LIBRARY_PORT_H
#define FORGE_LIBRARY_PORT_H

void forge_port_print(const char *text);

#endif
