/* The board's side of an application, on Zephyr. The chosen console carries the frames too. The
 * watchdog is the device tree's alias watchdog0, with CONFIG_WATCHDOG=y. */
#include <zephyr/device.h>
#include <zephyr/devicetree.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/drivers/watchdog.h>
#include <zephyr/kernel.h>

#include <string.h>

#include "../serial_sensors.h"
#include "forge/forge_port.h"

static const struct device *const console = DEVICE_DT_GET(DT_CHOSEN(zephyr_console));

void forge_app_main(void);

int main(void) {
  forge_app_main();
  return 0;
}

/* Without its console a board has no one to tell. */
void forge_port_init(void) {
  if (!device_is_ready(console)) k_panic();
}

void forge_port_print(const char *text) {
  forge_port_serial_write((const uint8_t *)text, strlen(text));
}

uint32_t forge_port_micros(void) { return (uint32_t)k_ticks_to_us_floor64((uint64_t)k_uptime_ticks()); }

uint32_t forge_port_cycles(void) { return k_cycle_get_32(); }

/* The idle thread sleeps as deep as CONFIG_PM lets it. */
__attribute__((weak)) void forge_port_sleep(uint32_t micros) { k_sleep(K_USEC(micros)); }

#if defined(CONFIG_WATCHDOG)

static const struct device *const watchdog = DEVICE_DT_GET(DT_ALIAS(watchdog0));
static int channel = -1;

void forge_port_watchdog_start(uint32_t milliseconds) {
  const struct wdt_timeout_cfg timeout = {
      .window = {.min = 0, .max = milliseconds},
      .flags = WDT_FLAG_RESET_SOC,
  };
  channel = wdt_install_timeout(watchdog, &timeout);
  if (channel < 0 || wdt_setup(watchdog, WDT_OPT_PAUSE_HALTED_BY_DBG) != 0) k_panic();
}

void forge_port_watchdog_kick(void) {
  if (channel >= 0 && wdt_feed(watchdog, channel) != 0) k_panic();
}

#else

void forge_port_watchdog_start(uint32_t milliseconds) { (void)milliseconds; }
void forge_port_watchdog_kick(void) {}

#endif

size_t forge_port_serial_read(uint8_t *bytes, size_t size) {
  size_t count = 0;
  while (count < size && uart_poll_in(console, bytes + count) == 0) count++;
  return count;
}

void forge_port_serial_write(const uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < size; i++) uart_poll_out(console, bytes[i]);
}

void forge_port_exit(int status) {
  (void)status; /* the application has printed what went wrong */
  for (;;) k_sleep(K_FOREVER);
}
