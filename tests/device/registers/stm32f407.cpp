/* STM32F407: USART2 on PA2 and PA3, and TIM2, on the 16 MHz that the chip boots with.
 * Source: ST RM0090, chapters RCC, GPIO, TIM2 to TIM5, and USART. */
#include "Arduino.h"

#define RCC(offset) REGISTER(0x40023800u + (offset))
#define GPIOA(offset) REGISTER(0x40020000u + (offset))
#define USART2(offset) REGISTER(0x40004400u + (offset))
#define TIM2(offset) REGISTER(0x40000000u + (offset))

enum : uint32_t {
  HERTZ = 16000000,
  RECEIVED = 1u << 5, /* bits of USART_SR */
  SEND_EMPTY = 1u << 7
};

static void start_clocks() {
  RCC(0x30) |= 1u;            /* AHB1ENR: GPIOA */
  RCC(0x40) |= 1u << 17 | 1u; /* APB1ENR: USART2, TIM2 */
  (void)RCC(0x40);            /* they are clocked two cycles later */
}

static void start_timer() {
  TIM2(0x28) = HERTZ / 1000000 - 1; /* PSC */
  TIM2(0x2C) = 0xFFFFFFFFu;         /* ARR */
  TIM2(0x14) = 1;                   /* EGR: take both over */
  TIM2(0x00) = 1;                   /* CR1: count */
}

void uart_begin() {
  start_clocks();
  start_timer();
  GPIOA(0x00) = (GPIOA(0x00) & ~0xF0u) | 0xA0u;     /* MODER: alternate functions */
  GPIOA(0x20) = (GPIOA(0x20) & ~0xFF00u) | 0x7700u; /* AFRL: USART2 */
  USART2(0x08) = (HERTZ + FORGE_SERIAL_BAUD / 2) / FORGE_SERIAL_BAUD; /* BRR */
  USART2(0x0C) = 1u << 13 | 1u << 3 | 1u << 2;                        /* CR1: UE, TE, RE */
}

bool uart_has_received() { return (USART2(0x00) & RECEIVED) != 0; }

uint8_t uart_receive() { return static_cast<uint8_t>(USART2(0x04)); }

void uart_send(uint8_t byte) {
  while ((USART2(0x00) & SEND_EMPTY) == 0) {
  }
  USART2(0x04) = byte;
}

unsigned long micros() { return TIM2(0x24); }
