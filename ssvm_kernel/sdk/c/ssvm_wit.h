/*
 * What the functions of a component in C or C++ have in common; the types and functions of its world stand in a header
 * that is made of the WIT, and is included before the cell.
 *
 * Memory: that of arguments, and what wit_alloc and wit_text give, lasts until the caller has read the result.  Nothing of
 * it is to be freed.  A result may also point to static memory, but never to a variable of the function.
 */
#ifndef SSVM_WIT_H
#define SSVM_WIT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A string: UTF-8, `size` bytes.  One that comes as an argument has a NUL behind its end. */
typedef struct {
  const char *text;
  size_t size;
} wit_string;

#ifdef __cplusplus
extern "C" {
#endif

/* The memory of one call: each piece begins with a link to the one before it. */
union wit_piece {
  union wit_piece *before;
  char alignment[16];
};
static union wit_piece *wit_pieces;

static inline void *wit_alloc(size_t size) {
  union wit_piece *piece = NULL;
  if (size <= (size_t)-1 - sizeof *piece) piece = (union wit_piece *)malloc(sizeof *piece + size);
  if (!piece) abort();
  piece->before = wit_pieces;
  wit_pieces = piece;
  return piece + 1;
}

static inline void wit_end_call(void) {
  while (wit_pieces) {
    union wit_piece *before = wit_pieces->before;
    free(wit_pieces);
    wit_pieces = before;
  }
}

/* A string that is a copy of `size` bytes. */
static inline wit_string wit_copy(const void *bytes, size_t size) {
  char *copy = (char *)wit_alloc(size + 1);
  if (size) memcpy(copy, bytes, size);
  copy[size] = 0;
  wit_string made = {copy, size};
  return made;
}

/* A string that is a copy of a NUL-terminated text. */
static inline wit_string wit_text(const char *text) { return wit_copy(text, strlen(text)); }

/* A string made as printf would print it. */
__attribute__((format(printf, 1, 2))) static inline wit_string wit_format(const char *format, ...) {
  va_list values;
  va_start(values, format);
  int size = vsnprintf(NULL, 0, format, values);
  va_end(values);
  if (size < 0) abort();
  char *made = (char *)wit_alloc((size_t)size + 1);
  va_start(values, format);
  vsnprintf(made, (size_t)size + 1, format, values);
  va_end(values);
  wit_string found = {made, (size_t)size};
  return found;
}

/* By this the caller gets memory for what it passes. */
__attribute__((export_name("cabi_realloc"))) void *wit_realloc(void *old, size_t old_size, size_t align, size_t size) {
  (void)align; /* at most 8 */
  char *made = (char *)wit_alloc(size + 1);
  size_t kept = old_size < size ? old_size : size;
  if (kept) memcpy(made, old, kept);
  made[size] = 0;
  return made;
}

#ifdef __cplusplus
}
#endif

/* Values between memory, where they lie as C has them, and the numbers that they are passed as. */
#define WIT_PUT(to, at, type, value)                          \
  do {                                                        \
    type wit_value = (type)(value);                           \
    memcpy((char *)(to) + (at), &wit_value, sizeof wit_value); \
  } while (0)

#endif
