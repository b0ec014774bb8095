/*
 * Functions that Python calls with texts, bytes and arrays, for C and C++ guests.
 *
 *     #include <ssvm_export.h>
 *
 *     SSVM_EXPORT("mean(values: [f64]) -> f64")
 *     double mean(const double *values, uint32_t count) { ... }
 *
 *     SSVM_EXPORT("greet(name: string) -> string")
 *     ssvm_value greet(const char *name, uint32_t size) { ... return ssvm_text("hello"); }
 *
 * In Python: ssvm["NAME"].mean([1, 2, 3]).  What is written in the quotes is what Python knows of the function, and the
 * name under which it is exported.  The types are i8 to i64, u8 to u64, f32, f64, bool; string (UTF-8), bytes, and lists of
 * numbers such as [f64].  Each of the latter is passed as an address and how many elements there are; the memory is the
 * caller's, and gone when the function returns.
 */
#ifndef SSVM_EXPORT_H
#define SSVM_EXPORT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
#define SSVM_EXPORT_C extern "C"
#else
#define SSVM_EXPORT_C
#endif

/* Before a function: export it with this signature. */
#define SSVM_EXPORT(signature) SSVM_EXPORT_C __attribute__((export_name(signature)))

/* A text, bytes or a list, as a function returns it. */
typedef uint64_t ssvm_value;

/* Return `count` elements in memory that malloc gave; it belongs to the caller from now on. */
static inline ssvm_value ssvm_give(void *data, uint32_t count) { return (uint64_t)(uintptr_t)data << 32 | count; }

/* Return a copy of `size` bytes at `data`, as bytes, a text or a list of bytes. */
static inline ssvm_value ssvm_copy(const void *data, uint32_t size) {
  void *copy = malloc(size ? size : 1);
  if (!copy) abort();
  if (size) memcpy(copy, data, size);
  return ssvm_give(copy, size);
}

/* Return a copy of a NUL-terminated text. */
static inline ssvm_value ssvm_text(const char *text) { return ssvm_copy(text, (uint32_t)strlen(text)); }

/* By these two the caller puts arguments into the guest's memory, and takes results out of it. */
SSVM_EXPORT("ssvm_alloc") __attribute__((weak)) void *ssvm_alloc(uint32_t size) { return malloc(size ? size : 1); }
SSVM_EXPORT("ssvm_free") __attribute__((weak)) void ssvm_free(void *data, uint32_t size) {
  (void)size;
  free(data);
}

#endif
