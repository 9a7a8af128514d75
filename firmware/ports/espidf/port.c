/* The board's side of an application, on ESP-IDF 5. The console's UART carries the frames too: raw
 * bytes, so CONFIG_LOG_DEFAULT_LEVEL_NONE keeps other text away. */
#include <string.h>

#include "driver/uart.h"
#include "esp_check.h"
#include "esp_rom_sys.h"
#include "esp_task_wdt.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#include "../serial_sensors.h"
#include "forge/forge_cycles.h"
#include "forge/forge_port.h"

#ifndef FORGE_UART
#define FORGE_UART UART_NUM_0
#endif

enum { RECEIVE_BUFFER = 1024 }; /* bytes that arrive while the model runs */

void forge_app_main(void);

void app_main(void) { forge_app_main(); }

void forge_port_init(void) {
  ESP_ERROR_CHECK(uart_driver_install(FORGE_UART, RECEIVE_BUFFER, 0, 0, NULL, 0));
  forge_cycles_start();
}

void forge_port_print(const char *text) {
  forge_port_serial_write((const uint8_t *)text, strlen(text));
}

uint32_t forge_port_micros(void) { return (uint32_t)esp_timer_get_time(); }

uint32_t forge_port_cycles(void) { return forge_cycles(); }

/* Whole ticks asleep: with CONFIG_PM_ENABLE and light sleep, the chip sleeps through them. */
__attribute__((weak)) void forge_port_sleep(uint32_t micros) {
  const uint32_t start = forge_port_micros();
  const TickType_t ticks = (TickType_t)(micros / (1000000u / configTICK_RATE_HZ));
  if (ticks > 1) vTaskDelay(ticks - 1);
  const uint32_t passed = forge_port_micros() - start;
  if (passed < micros) esp_rom_delay_us(micros - passed);
}

/* The task watchdog may have been started already, by the configuration. */
void forge_port_watchdog_start(uint32_t milliseconds) {
  const esp_task_wdt_config_t config = {.timeout_ms = milliseconds, .trigger_panic = true};
  if (esp_task_wdt_init(&config) != ESP_OK) ESP_ERROR_CHECK(esp_task_wdt_reconfigure(&config));
  ESP_ERROR_CHECK(esp_task_wdt_add(NULL));
}

void forge_port_watchdog_kick(void) { ESP_ERROR_CHECK(esp_task_wdt_reset()); }

size_t forge_port_serial_read(uint8_t *bytes, size_t size) {
  const int count = uart_read_bytes(FORGE_UART, bytes, (uint32_t)size, 0);
  return count > 0 ? (size_t)count : 0;
}

/* What the UART refuses is lost: there is no other place to say so. */
void forge_port_serial_write(const uint8_t *bytes, size_t size) {
  (void)uart_write_bytes(FORGE_UART, bytes, size);
}

void forge_port_exit(int status) {
  (void)status; /* the application has printed what went wrong */
  for (;;) vTaskDelay(portMAX_DELAY);
}
