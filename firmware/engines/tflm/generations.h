/* In what TensorFlow Lite Micro's libraries differ by their age, as far as the glue sees it. None of
 * them states a version: what headers they have tells. */
#ifndef FORGE_ENGINES_TFLM_GENERATIONS_H
#define FORGE_ENGINES_TFLM_GENERATIONS_H

/* Until the middle of 2023 messages were formatted by micro_string.h, and logged as finished text;
 * since then the platform formats them. */
#if __has_include("tensorflow/lite/micro/micro_string.h")
#define FORGE_TFLM_LOGS_TEXT 1
#else
#define FORGE_TFLM_LOGS_TEXT 0
#endif

#endif
