/* As much of Zephyr as the port uses. A stand-in: it shows that the port compiles and what it does,
 * not that the real Zephyr agrees. */
#pragma once

#include <stdbool.h>

#include "../line.h"

#define CONFIG_WATCHDOG 1

struct device {
  bool ready;
};
static const struct device stub_device = {true};
#define DEVICE_DT_GET(node) (&stub_device)
static inline bool device_is_ready(const struct device *device) { return device->ready; }
#define k_panic() abort()

static inline int uart_poll_in(const struct device *device, unsigned char *byte) {
  const int taken = device->ready ? line_take() : -1;
  if (taken < 0) return -1;
  *byte = (unsigned char)taken;
  return 0;
}
static inline void uart_poll_out(const struct device *device, unsigned char byte) {
  if (device->ready) line_give(&byte, 1);
}

typedef struct {
  uint64_t micros;
} k_timeout_t;
#define K_USEC(count) ((k_timeout_t){count})
#define K_FOREVER ((k_timeout_t){UINT64_MAX})
static inline int k_sleep(k_timeout_t time) {
  line_wait(time.micros);
  return 0;
}
/* 32768 ticks a second. */
static inline int64_t k_uptime_ticks(void) { return (int64_t)(line_micros * 32768 / 1000000); }
static inline uint64_t k_ticks_to_us_floor64(uint64_t ticks) { return ticks * 1000000 / 32768; }
static inline uint32_t k_cycle_get_32(void) { return (uint32_t)line_micros * 64u; }

struct wdt_window {
  uint32_t min, max;
};
struct wdt_timeout_cfg {
  struct wdt_window window;
  void (*callback)(const struct device *device, int channel);
  uint8_t flags;
};
enum { WDT_FLAG_RESET_SOC = 2, WDT_OPT_PAUSE_HALTED_BY_DBG = 2 };
static inline int wdt_install_timeout(const struct device *device,
                                      const struct wdt_timeout_cfg *config) {
  line_watchdog("timeout", config->window.max);
  return device->ready && config->flags == WDT_FLAG_RESET_SOC ? 5 : -1;
}
static inline int wdt_setup(const struct device *device, uint8_t options) {
  return device->ready && options == WDT_OPT_PAUSE_HALTED_BY_DBG ? 0 : -1;
}
static inline int wdt_feed(const struct device *device, int channel) {
  line_watchdog("kick", 0);
  return device->ready && channel == 5 ? 0 : -1;
}
