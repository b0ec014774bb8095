/*
 * The display interface of ssvm-kernel, for C and C++ guests: show a picture or a table in the cell, where it is granted
 * (--display). What is printed stays text.
 *
 *     ssvm_show_text("text/csv", "fruit,weight\napple,120\n");
 *     if (ssvm_show("image/png", png, png_size) != SSVM_SHOWN) puts("(no picture)");
 *
 * Types: image/png, image/svg+xml, text/csv, application/json, text/markdown, text/html.
 */
#ifndef SSVM_DISPLAY_H
#define SSVM_DISPLAY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What ssvm_show returns. */
enum {
    SSVM_SHOWN = 0,        /* it is in the cell */
    SSVM_NOT_GRANTED = 1,  /* nothing but text was granted */
    SSVM_UNKNOWN_TYPE = 2, /* no such type is shown */
    SSVM_TOO_MUCH = 3,     /* it is too large, or there was too much before it */
    SSVM_UNUSABLE = 4      /* it is not what its type says */
};

__attribute__((import_module("ssvm_display"), import_name("show")))
extern int32_t ssvm_display_show(const char *type, uint32_t type_size, const void *data, uint32_t size);

/* Show `size` bytes of a MIME type. */
static inline int ssvm_show(const char *type, const void *data, size_t size) {
    return ssvm_display_show(type, (uint32_t)strlen(type), data, (uint32_t)size);
}

/* Show a text that ends with a NUL. */
static inline int ssvm_show_text(const char *type, const char *text) { return ssvm_show(type, text, strlen(text)); }

#ifdef __cplusplus
}
#endif

#endif
