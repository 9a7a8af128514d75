/* Unit tests that report in the format of Unity (https://www.throwtheswitch.org/unity), which
 * PlatformIO reads: a line a test, then the sums. A small part of Unity's own interface, printed
 * through the port; nothing is fetched. Asserts end the test they stand in. */
#ifndef FORGE_TEST_UNITY_H
#define FORGE_TEST_UNITY_H

#include <stdint.h>

#include "forge/forge_port.h"
#include "forge/forge_print.h"

typedef void (*unity_test)(void);

/* The test that runs, and the sums so far. number: follows the name; none where negative. */
static struct {
  const char *name;
  int32_t number;
  int32_t failed;
  int32_t tests;
  int32_t failures;
} unity;

static inline void unity_begin_line(const char *file, int32_t line) {
  forge_port_print(file);
  forge_port_print(":");
  forge_print_number(line);
  forge_port_print(":");
  forge_port_print(unity.name);
  if (unity.number >= 0) {
    forge_port_print("_");
    forge_print_number(unity.number);
  }
}

static inline void unity_run(const char *file, int32_t line, const char *name, int32_t number,
                             unity_test test) {
  unity.name = name;
  unity.number = number;
  unity.failed = 0;
  test();
  unity.tests++;
  unity.failures += unity.failed;
  if (unity.failed) return;
  unity_begin_line(file, line);
  forge_port_print(":PASS\n");
}

static inline void unity_fail(const char *file, int32_t line, const char *message) {
  unity.failed = 1;
  unity_begin_line(file, line);
  forge_port_print(":FAIL: ");
  forge_port_print(message);
  forge_port_print("\n");
}

static inline void unity_fail_element(const char *file, int32_t line, int32_t index,
                                      int8_t expected, int8_t found) {
  unity.failed = 1;
  unity_begin_line(file, line);
  forge_port_print(":FAIL: element ");
  forge_print_difference(index, expected, found);
}

/* Whether the arrays are equal; else the failure that names the first difference. */
static inline int unity_equal(const char *file, int32_t line, const int8_t *expected,
                              const int8_t *found, int32_t size) {
  for (int32_t i = 0; i < size; i++) {
    if (found[i] == expected[i]) continue;
    unity_fail_element(file, line, i, expected[i], found[i]);
    return 0;
  }
  return 1;
}

static inline void unity_end(void) {
  forge_port_print("-----------------------\n");
  forge_print_number(unity.tests);
  forge_port_print(" Tests ");
  forge_print_number(unity.failures);
  forge_port_print(" Failures 0 Ignored\n");
  forge_port_print(unity.failures ? "FAIL\n" : "OK\n");
}

/* The sums after all tests tell success: an exit status would hide them. */
#define UNITY_END() unity_end()

#define RUN_TEST(test) unity_run(__FILE__, __LINE__, #test, -1, test)

/* The same test for one of several inputs: its name ends in _number. */
#define RUN_TEST_NUMBER(test, number) unity_run(__FILE__, __LINE__, #test, number, test)

/* The same test for one of several subjects, by the subject's name. */
#define RUN_TEST_NAMED(test, name) unity_run(__FILE__, __LINE__, name, -1, test)

#define TEST_ASSERT_MESSAGE(condition, message)     \
  do {                                              \
    if (!(condition)) {                             \
      unity_fail(__FILE__, __LINE__, message);      \
      return;                                       \
    }                                               \
  } while (0)

#define TEST_ASSERT_EQUAL_INT8_ARRAY(expected, found, size)                        \
  do {                                                                             \
    if (!unity_equal(__FILE__, __LINE__, expected, found, size)) return;           \
  } while (0)

/* Fails for an element of an array that was compared before. */
#define TEST_FAIL_ELEMENT(index, expected, found)                    \
  do {                                                               \
    unity_fail_element(__FILE__, __LINE__, index, expected, found);  \
    return;                                                          \
  } while (0)

#endif
