/* What CubeMX's code would define. */
#include "stm32f4xx_hal.h"

#ifndef WITHOUT_UART
UART_HandleTypeDef huart2;
#endif
IWDG_TypeDef iwdg_registers;

/* Tells how the watchdog was left. */
__attribute__((destructor)) static void report(void) {
  line_watchdog("prescaler", iwdg_registers.PR);
  line_watchdog("reload", iwdg_registers.RLR);
  line_watchdog("key", iwdg_registers.KR);
}
