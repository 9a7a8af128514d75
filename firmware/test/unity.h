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

/* An element of an array, or of one of several outputs (-1: none). expected, found: where it lies. */
static inline void unity_fail_element(const char *file, int32_t line, int32_t output,
                                      forge_type type, int32_t element, const int8_t *expected,
                                      const int8_t *found) {
  unity.failed = 1;
  unity_begin_line(file, line);
  forge_port_print(":FAIL: ");
  if (output >= 0) {
    forge_port_print("output ");
    forge_print_number(output);
    forge_port_print(", ");
  }
  forge_port_print("element ");
  forge_print_difference(type, element, expected, found);
}

/* Whether the arrays, of so many bytes, are equal; else the failure that names the first
 * difference. */
static inline int unity_equal(const char *file, int32_t line, int32_t output, forge_type type,
                              const int8_t *expected, const int8_t *found, size_t size) {
  const size_t width = forge_width(type);
  for (size_t i = 0; i < size; i++) {
    if (found[i] == expected[i]) continue;
    unity_fail_element(file, line, output, type, (int32_t)(i / width), expected + i / width * width,
                       found + i / width * width);
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

#define TEST_ASSERT_EQUAL_INT8_ARRAY(expected, found, size) \
  TEST_ASSERT_EQUAL_OUTPUT(-1, FORGE_INT8, expected, found, size)

/* One of several outputs, of a forge_type and so many bytes. */
#define TEST_ASSERT_EQUAL_OUTPUT(output, type, expected, found, size)                     \
  do {                                                                                    \
    if (!unity_equal(__FILE__, __LINE__, output, type, expected, found, size)) return;    \
  } while (0)

/* Fails for an element of an array that was compared before. expected, found: where it lies. */
#define TEST_FAIL_ELEMENT(type, element, expected, found)                         \
  do {                                                                            \
    unity_fail_element(__FILE__, __LINE__, -1, type, element, expected, found);   \
    return;                                                                       \
  } while (0)

#endif
