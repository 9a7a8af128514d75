/* As much of ESP-IDF as the port uses. A stand-in: it shows that the port compiles and what it does,
 * not that the real ESP-IDF agrees. */
#pragma once

#include <stdbool.h>

#include "../line.h"

typedef int esp_err_t;
enum { ESP_OK = 0, ESP_ERR_INVALID_STATE = 0x103 };
#define ESP_ERROR_CHECK(call) ((call) == ESP_OK ? (void)0 : abort())

typedef int uart_port_t;
enum { UART_NUM_0 = 0 };
static inline esp_err_t uart_driver_install(uart_port_t port, int receive, int send, int queue,
                                            void *handle, int flags) {
  return port == UART_NUM_0 && receive > 128 && send == 0 && queue == 0 && !handle && flags == 0
             ? ESP_OK
             : ESP_ERR_INVALID_STATE;
}
static inline int uart_read_bytes(uart_port_t port, void *bytes, uint32_t size, uint32_t ticks) {
  int count = 0;
  if (port != UART_NUM_0 || ticks != 0) return -1;
  for (int byte; (uint32_t)count < size && (byte = line_take()) >= 0; count++) {
    ((uint8_t *)bytes)[count] = (uint8_t)byte;
  }
  return count;
}
static inline int uart_write_bytes(uart_port_t port, const void *bytes, size_t size) {
  (void)port;
  line_give((const uint8_t *)bytes, size);
  return (int)size;
}

static inline int64_t esp_timer_get_time(void) { return (int64_t)line_micros; }
static inline void esp_rom_delay_us(uint32_t micros) { line_wait(micros); }

typedef uint32_t TickType_t;
#define configTICK_RATE_HZ 100
#define portMAX_DELAY 0xFFFFFFFFU
static inline void vTaskDelay(TickType_t ticks) { line_wait(ticks * (uint64_t)10000); }

typedef struct {
  uint32_t timeout_ms, idle_core_mask;
  bool trigger_panic;
} esp_task_wdt_config_t;
/* As when the configuration has started it. */
static inline esp_err_t esp_task_wdt_init(const esp_task_wdt_config_t *config) {
  (void)config;
  return ESP_ERR_INVALID_STATE;
}
static inline esp_err_t esp_task_wdt_reconfigure(const esp_task_wdt_config_t *config) {
  line_watchdog("timeout", config->timeout_ms);
  return ESP_OK;
}
static inline esp_err_t esp_task_wdt_add(void *task) { return task ? -1 : ESP_OK; }
static inline esp_err_t esp_task_wdt_reset(void) {
  line_watchdog("kick", 0);
  return ESP_OK;
}
