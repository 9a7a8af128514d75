/* The board's side of an application, on ST's HAL. Clocks and the UART are brought up by your own
 * code, as CubeMX generates it: FORGE_UART is the name of its handle, and may be missing. Your main
 * calls forge_app_main when all is ready; without a main of yours, the one below runs on the clock
 * that the chip boots with. */
#if defined(STM32F4xx)
#include "stm32f4xx_hal.h"
#elif defined(STM32F7xx)
#include "stm32f7xx_hal.h"
#elif defined(STM32G4xx)
#include "stm32g4xx_hal.h"
#elif defined(STM32H7xx)
#include "stm32h7xx_hal.h"
#elif defined(STM32L4xx)
#include "stm32l4xx_hal.h"
#elif defined(STM32U5xx)
#include "stm32u5xx_hal.h"
#elif defined(STM32WBxx)
#include "stm32wbxx_hal.h"
#else
#error "include your family's HAL here"
#endif

#include <string.h>

#include "../serial_sensors.h"
#include "forge/forge_cycles.h"
#include "forge/forge_port.h"

#ifndef FORGE_UART
#define FORGE_UART huart2 /* the debugger's serial port on Nucleo boards, as CubeMX names it */
#endif

/* The chips with two cores have a watchdog for each. */
#if defined(IWDG1)
#define FORGE_WATCHDOG IWDG1
#else
#define FORGE_WATCHDOG IWDG
#endif

enum {
  WATCHDOG_START = 0xCCCC,
  WATCHDOG_UNLOCK = 0x5555,
  WATCHDOG_KICK = 0xAAAA,
  WATCHDOG_DIVIDE_BY_256 = 6,
  WATCHDOG_STEP_MS = 8, /* 256 cycles of the 32 kHz oscillator, within a few per cent */
  WATCHDOG_STEPS = 4095
};

extern UART_HandleTypeDef FORGE_UART __attribute__((weak));

void forge_app_main(void);

__attribute__((weak)) void SysTick_Handler(void) { HAL_IncTick(); }

__attribute__((weak)) int main(void) {
  if (HAL_Init() != HAL_OK) return 1;
  forge_app_main();
  return 0;
}

void forge_port_init(void) { forge_cycles_start(); }

void forge_port_print(const char *text) {
  forge_port_serial_write((const uint8_t *)text, strlen(text));
}

/* SysTick counts down once a millisecond; when it has begun anew while being read, once more. */
uint32_t forge_port_micros(void) {
  uint32_t milliseconds, left;
  do {
    milliseconds = HAL_GetTick();
    left = SysTick->VAL;
  } while (milliseconds != HAL_GetTick());
  const uint32_t period = SysTick->LOAD + 1;
  return milliseconds * 1000u + (uint32_t)((uint64_t)(period - 1 - left) * 1000u / period);
}

uint32_t forge_port_cycles(void) { return forge_cycles(); }

/* Sleep mode until the next interrupt, which is SysTick's at the latest; the last millisecond is
 * waited for awake. Yours to replace by Stop mode, with a timer that wakes. */
__attribute__((weak)) void forge_port_sleep(uint32_t micros) {
  const uint32_t start = forge_port_micros();
  for (uint32_t passed = 0; passed < micros; passed = forge_port_micros() - start) {
    if (micros - passed > 1000) __WFI();
  }
}

void forge_port_watchdog_start(uint32_t milliseconds) {
  const uint32_t steps = milliseconds / WATCHDOG_STEP_MS + 1;
  FORGE_WATCHDOG->KR = WATCHDOG_START;
  FORGE_WATCHDOG->KR = WATCHDOG_UNLOCK;
  FORGE_WATCHDOG->PR = WATCHDOG_DIVIDE_BY_256;
  FORGE_WATCHDOG->RLR = steps < WATCHDOG_STEPS ? steps : WATCHDOG_STEPS;
  while (FORGE_WATCHDOG->SR != 0) {
  }
  FORGE_WATCHDOG->KR = WATCHDOG_KICK;
}

void forge_port_watchdog_kick(void) { FORGE_WATCHDOG->KR = WATCHDOG_KICK; }

size_t forge_port_serial_read(uint8_t *bytes, size_t size) {
  size_t count = 0;
  if (&FORGE_UART == NULL) return 0;
  /* A byte that was lost would keep the receiver still. */
  __HAL_UART_CLEAR_OREFLAG(&FORGE_UART);
  while (count < size && HAL_UART_Receive(&FORGE_UART, bytes + count, 1, 0) == HAL_OK) count++;
  return count;
}

/* What the UART refuses is lost: there is no other place to say so. */
void forge_port_serial_write(const uint8_t *bytes, size_t size) {
  enum { AT_ONCE = 0x8000 }; /* the HAL counts in 16 bits */
  while (&FORGE_UART != NULL && size > 0) {
    const uint16_t count = (uint16_t)(size < AT_ONCE ? size : AT_ONCE);
    if (HAL_UART_Transmit(&FORGE_UART, bytes, count, HAL_MAX_DELAY) != HAL_OK) return;
    bytes += count;
    size -= count;
  }
}

void forge_port_exit(int status) {
  (void)status; /* the application has printed what went wrong */
  for (;;) __WFI();
}
