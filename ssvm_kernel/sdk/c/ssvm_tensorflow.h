/*
 * The TensorFlow, TensorFlow Lite and image interface of the Second State VM, for C and C++ guests: models are computed
 * and pictures decoded by the host, where the person grants it (--allow-models).
 *
 *     uint64_t session = ssvm_tensorflowlite_create_session(model, model_size);
 *     ssvm_tensorflowlite_append_input(session, "x", 1, pixels, sizeof pixels);
 *     if (!session || ssvm_tensorflowlite_run_session(session)) return 1;
 *     uint64_t tensor = ssvm_tensorflowlite_get_output_tensor(session, "y", 1);
 *     if (ssvm_tensorflowlite_get_tensor_len(tensor) == sizeof scores) ssvm_tensorflowlite_get_tensor_data(tensor, scores);
 *     ssvm_tensorflowlite_delete_session(session);
 *
 * Names are UTF-8 with a length. A session or tensor of 0 is none. What fails says so by its result; the person sees why.
 */
#ifndef SSVM_TENSORFLOW_H
#define SSVM_TENSORFLOW_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Types of a tensor's elements. */
enum {
    SSVM_FLOAT = 1, SSVM_DOUBLE = 2, SSVM_INT32 = 3, SSVM_UINT8 = 4, SSVM_INT16 = 5, SSVM_INT8 = 6, SSVM_INT64 = 9,
    SSVM_BOOL = 10, SSVM_UINT16 = 17, SSVM_UINT32 = 22, SSVM_UINT64 = 23
};

#define SSVM_MODEL_IMPORT(module, name) __attribute__((import_module(#module), import_name(#name))) extern

/* Make a session of a frozen graph (.pb); 0 for none. */
SSVM_MODEL_IMPORT(ssvm_tensorflow, ssvm_tensorflow_create_session)
uint64_t ssvm_tensorflow_create_session(const void *model, uint32_t model_len);
SSVM_MODEL_IMPORT(ssvm_tensorflow, ssvm_tensorflow_delete_session)
void ssvm_tensorflow_delete_session(uint64_t context);
/* Compute the outputs asked for; 0, or 1 for a failure. */
SSVM_MODEL_IMPORT(ssvm_tensorflow, ssvm_tensorflow_run_session)
uint32_t ssvm_tensorflow_run_session(uint64_t context);
/* An output of the last run: operation and slot; 0 for none. */
SSVM_MODEL_IMPORT(ssvm_tensorflow, ssvm_tensorflow_get_output_tensor)
uint64_t ssvm_tensorflow_get_output_tensor(uint64_t context, const void *name, uint32_t name_len, uint32_t index);
SSVM_MODEL_IMPORT(ssvm_tensorflow, ssvm_tensorflow_get_tensor_len)
uint32_t ssvm_tensorflow_get_tensor_len(uint64_t tensor);
SSVM_MODEL_IMPORT(ssvm_tensorflow, ssvm_tensorflow_get_tensor_data)
void ssvm_tensorflow_get_tensor_data(uint64_t tensor, void *buffer);
/* Give the output `index` of an operation a value of a form and type; of no dimensions for a single number. */
SSVM_MODEL_IMPORT(ssvm_tensorflow, ssvm_tensorflow_append_input)
void ssvm_tensorflow_append_input(uint64_t context, const void *name, uint32_t name_len, uint32_t index,
    const int64_t *dims, uint32_t dim_count, int32_t data_type, const void *buffer, uint32_t buffer_len);
/* Ask for the output `index` of an operation. */
SSVM_MODEL_IMPORT(ssvm_tensorflow, ssvm_tensorflow_append_output)
void ssvm_tensorflow_append_output(uint64_t context, const void *name, uint32_t name_len, uint32_t index);
SSVM_MODEL_IMPORT(ssvm_tensorflow, ssvm_tensorflow_clear_input)
void ssvm_tensorflow_clear_input(uint64_t context);
SSVM_MODEL_IMPORT(ssvm_tensorflow, ssvm_tensorflow_clear_output)
void ssvm_tensorflow_clear_output(uint64_t context);

/* Make a session of a .tflite file; 0 for none. */
SSVM_MODEL_IMPORT(ssvm_tensorflowlite, ssvm_tensorflowlite_create_session)
uint64_t ssvm_tensorflowlite_create_session(const void *model, uint32_t model_len);
SSVM_MODEL_IMPORT(ssvm_tensorflowlite, ssvm_tensorflowlite_delete_session)
void ssvm_tensorflowlite_delete_session(uint64_t context);
SSVM_MODEL_IMPORT(ssvm_tensorflowlite, ssvm_tensorflowlite_run_session)
uint32_t ssvm_tensorflowlite_run_session(uint64_t context);
SSVM_MODEL_IMPORT(ssvm_tensorflowlite, ssvm_tensorflowlite_get_output_tensor)
uint64_t ssvm_tensorflowlite_get_output_tensor(uint64_t context, const void *name, uint32_t name_len);
SSVM_MODEL_IMPORT(ssvm_tensorflowlite, ssvm_tensorflowlite_get_tensor_len)
uint32_t ssvm_tensorflowlite_get_tensor_len(uint64_t tensor);
SSVM_MODEL_IMPORT(ssvm_tensorflowlite, ssvm_tensorflowlite_get_tensor_data)
void ssvm_tensorflowlite_get_tensor_data(uint64_t tensor, void *buffer);
/* Copy bytes into the input of that name, all of them. */
SSVM_MODEL_IMPORT(ssvm_tensorflowlite, ssvm_tensorflowlite_append_input)
void ssvm_tensorflowlite_append_input(uint64_t context, const void *name, uint32_t name_len,
    const void *buffer, uint32_t buffer_len);

/* Decode a picture of three colours to width * height * 3 bytes, or floats from 0 to 1; 0, or 1 for a failure. */
SSVM_MODEL_IMPORT(ssvm_image, ssvm_image_load_jpg_to_rgb8)
uint32_t ssvm_image_load_jpg_to_rgb8(const void *image, uint32_t image_len, uint32_t width, uint32_t height,
    void *buffer);
SSVM_MODEL_IMPORT(ssvm_image, ssvm_image_load_jpg_to_bgr8)
uint32_t ssvm_image_load_jpg_to_bgr8(const void *image, uint32_t image_len, uint32_t width, uint32_t height,
    void *buffer);
SSVM_MODEL_IMPORT(ssvm_image, ssvm_image_load_jpg_to_rgb32f)
uint32_t ssvm_image_load_jpg_to_rgb32f(const void *image, uint32_t image_len, uint32_t width, uint32_t height,
    void *buffer);
SSVM_MODEL_IMPORT(ssvm_image, ssvm_image_load_jpg_to_bgr32f)
uint32_t ssvm_image_load_jpg_to_bgr32f(const void *image, uint32_t image_len, uint32_t width, uint32_t height,
    void *buffer);
SSVM_MODEL_IMPORT(ssvm_image, ssvm_image_load_png_to_rgb8)
uint32_t ssvm_image_load_png_to_rgb8(const void *image, uint32_t image_len, uint32_t width, uint32_t height,
    void *buffer);
SSVM_MODEL_IMPORT(ssvm_image, ssvm_image_load_png_to_bgr8)
uint32_t ssvm_image_load_png_to_bgr8(const void *image, uint32_t image_len, uint32_t width, uint32_t height,
    void *buffer);
SSVM_MODEL_IMPORT(ssvm_image, ssvm_image_load_png_to_rgb32f)
uint32_t ssvm_image_load_png_to_rgb32f(const void *image, uint32_t image_len, uint32_t width, uint32_t height,
    void *buffer);
SSVM_MODEL_IMPORT(ssvm_image, ssvm_image_load_png_to_bgr32f)
uint32_t ssvm_image_load_png_to_bgr32f(const void *image, uint32_t image_len, uint32_t width, uint32_t height,
    void *buffer);

#undef SSVM_MODEL_IMPORT

#ifdef __cplusplus
}
#endif

#endif
