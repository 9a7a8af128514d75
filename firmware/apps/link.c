/* The self-test's application: answers a computer on the serial port, for ever. */
#include "forge/forge.h"
#include "forge/forge_link.h"
#include "forge/forge_port.h"

void forge_app_main(void) {
  forge_port_init();
  forge_link_begin(forge_init());
  for (;;) forge_link_poll();
}
