/* The self-test's console, which the application gives. */
#include <stddef.h>

#include "forge/forge_port.h"
#include "model.h"

static void (*printer)(const char *text);

void forge_print_to(void (*print)(const char *text)) { printer = print; }

void forge_port_print(const char *text) {
  if (printer != NULL) printer(text);
}
