/* As much of ST's HAL as the port uses. A stand-in: it shows that the port compiles and what it
 * does, not that the real HAL agrees. */
#pragma once

#include "../line.h"

typedef enum { HAL_OK, HAL_ERROR, HAL_BUSY, HAL_TIMEOUT } HAL_StatusTypeDef;
typedef struct {
  int cleared;
} UART_HandleTypeDef;
typedef struct {
  volatile uint32_t CTRL, LOAD, VAL, CALIB;
} SysTick_Type;
typedef struct {
  volatile uint32_t KR, PR, RLR, SR;
} IWDG_TypeDef;

#define HAL_MAX_DELAY 0xFFFFFFFFU
#define __HAL_UART_CLEAR_OREFLAG(handle) ((handle)->cleared = 1)

extern IWDG_TypeDef iwdg_registers;
#define IWDG (&iwdg_registers)

/* 100 ticks a millisecond; reading the clock takes 3 microseconds. Who reads it for 20 seconds waits
 * for ever. */
static inline SysTick_Type *systick(void) {
  static SysTick_Type registers = {.LOAD = 99};
  line_micros += 3;
  if (line_micros > 20000000u) exit(3);
  registers.VAL = (uint32_t)(99 - line_micros % 1000 / 10);
  return &registers;
}
#define SysTick systick()

static inline void HAL_IncTick(void) { line_micros += 1000; }
static inline HAL_StatusTypeDef HAL_Init(void) { return HAL_OK; }
static inline uint32_t HAL_GetTick(void) { return (uint32_t)(line_micros / 1000); }
static inline void __WFI(void) {
  static unsigned long sleeps;
  if (++sleeps > 100000) exit(3);
  line_micros += 1000 - line_micros % 1000;
}

static inline HAL_StatusTypeDef HAL_UART_Receive(UART_HandleTypeDef *uart, uint8_t *bytes,
                                                 uint16_t size, uint32_t timeout) {
  if (!uart->cleared || size != 1 || timeout != 0) return HAL_ERROR;
  const int byte = line_take();
  if (byte < 0) return HAL_TIMEOUT;
  *bytes = (uint8_t)byte;
  return HAL_OK;
}

static inline HAL_StatusTypeDef HAL_UART_Transmit(UART_HandleTypeDef *uart, const uint8_t *bytes,
                                                  uint16_t size, uint32_t timeout) {
  (void)uart;
  if (timeout != HAL_MAX_DELAY) return HAL_ERROR;
  line_give(bytes, size);
  return HAL_OK;
}
