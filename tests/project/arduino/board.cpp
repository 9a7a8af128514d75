/* What Arduino's core does around a sketch. */
#include <Arduino.h>

SerialPort Serial;

void setup();
void loop();

int main() {
  setup();
  for (;;) loop();
}
