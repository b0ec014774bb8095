"""Guests that have models computed, as programs of that time were: they read a model and a picture from files."""

from __future__ import annotations

_READ = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *file(const char *name, uint32_t *size) {
    FILE *in = fopen(name, "rb");
    if (!in) { fprintf(stderr, "%s cannot be read\n", name); exit(9); }
    fseek(in, 0, SEEK_END);
    *size = (uint32_t)ftell(in);
    rewind(in);
    void *data = malloc(*size + 1);
    if (fread(data, 1, *size, in) != *size) exit(9);
    fclose(in);
    return data;
}
"""

# No header of ours: the imports are written out as compilers of that time left them in guests.
OF_THAT_TIME = (
    "#include <stdint.h>\n"
    + _READ
    + r"""
#define LITE(name) __attribute__((import_module("PREFIX_tensorflowlite"), import_name("PREFIX_tensorflowlite_" #name)))
LITE(create_session) uint64_t create_session(const void *, uint32_t);
LITE(delete_session) void delete_session(uint64_t);
LITE(run_session) uint32_t run_session(uint64_t);
LITE(get_output_tensor) uint64_t get_output_tensor(uint64_t, const char *, uint32_t);
LITE(get_tensor_len) uint32_t get_tensor_len(uint64_t);
LITE(get_tensor_data) void get_tensor_data(uint64_t, void *);
LITE(append_input) void append_input(uint64_t, const char *, uint32_t, const void *, uint32_t);
__attribute__((import_module("PREFIX_image"), import_name("PREFIX_image_load_png_to_rgb32f")))
uint32_t load_png_to_rgb32f(const void *, uint32_t, uint32_t, uint32_t, void *);

int main(int argc, char **argv) {
    uint32_t model_size, image_size;
    void *model = file(argv[1], &model_size), *image = file(argv[2], &image_size);
    float pixels[12], scores[2] = {0, 0};
    uint32_t failed = load_png_to_rgb32f(image, image_size, 2, 2, pixels);
    uint64_t session = create_session(model, model_size);
    if (!session) { printf("no session, picture %u\n", failed); return 3; }
    append_input(session, "x", 1, pixels, 16);
    if (run_session(session)) return 4;
    uint64_t tensor = get_output_tensor(session, "Identity", 8);
    if (get_tensor_len(tensor) != sizeof scores) return 5;
    get_tensor_data(tensor, scores);
    delete_session(session);
    printf("%u %.4f %.4f\n", failed, scores[0], scores[1]);
    return 0;
}
"""
)

GRAPH_IN_C = (
    "#include <ssvm_tensorflow.h>\n"
    + _READ
    + r"""
int main(void) {
    uint32_t size;
    void *graph = file("several.pb", &size);
    float values[] = {1, 2, 3, 4}, scores[2];
    int64_t dims[] = {1, 4};
    uint64_t session = ssvm_tensorflow_create_session(graph, size);
    ssvm_tensorflow_append_input(session, "x", 1, 0, dims, 2, SSVM_FLOAT, values, sizeof values);
    ssvm_tensorflow_append_output(session, "y", 1, 0);
    if (ssvm_tensorflow_run_session(session)) return 4;
    uint64_t tensor = ssvm_tensorflow_get_output_tensor(session, "y", 1, 0);
    if (ssvm_tensorflow_get_tensor_len(tensor) != sizeof scores) return 5;
    ssvm_tensorflow_get_tensor_data(tensor, scores);
    printf("%g %g\n", scores[0], scores[1]);
    return 0;
}
"""
)

# Each record of the file is a length and a model; what comes of it does not matter, as long as something does.
MANY = (
    "#include <ssvm_tensorflow.h>\n"
    + _READ
    + r"""
int main(void) {
    uint32_t size, at = 0, opened = 0, ran = 0, pictures = 0, records = 0;
    unsigned char *all = file("many", &size);
    static float values[64], pixels[12];
    while (at < size) {
        uint32_t length;
        memcpy(&length, all + at, 4);
        unsigned char *data = all + at + 4;
        at += 4 + length;
        records++;
        pictures += !ssvm_image_load_png_to_rgb32f(data, length, 2, 2, pixels);
        pictures += !ssvm_image_load_jpg_to_bgr8(data, length, 2, 2, pixels);
        uint64_t session = ssvm_tensorflowlite_create_session(data, length);
        if (!session) continue;
        opened++;
        ssvm_tensorflowlite_append_input(session, "x", 1, values, 16);
        ran += !ssvm_tensorflowlite_run_session(session);
        uint64_t tensor = ssvm_tensorflowlite_get_output_tensor(session, "Identity", 8);
        if (ssvm_tensorflowlite_get_tensor_len(tensor) <= sizeof values)
            ssvm_tensorflowlite_get_tensor_data(tensor, values);
        ssvm_tensorflowlite_delete_session(session);
    }
    printf("%u records, %u sessions, %u runs, %u pictures\n", records, opened, ran, pictures);
    return 0;
}
"""
)

IN_RUST = r"""
use ssvm_tensorflow_interface::{load_png_image_to_rgb32f, load_png_image_to_rgb8, ModelType, Session};

fn main() {
    let model = std::fs::read("several.tflite").unwrap();
    let picture = std::fs::read("picture.png").unwrap();
    let pixels = load_png_image_to_rgb32f(&picture, 2, 2);
    assert_eq!(load_png_image_to_rgb8(&picture, 2, 2).len(), 12);
    assert!(load_png_image_to_rgb8(b"none", 2, 2).is_empty());
    let mut session = Session::new(&model, ModelType::TensorFlowLite);
    session.add_input("x", &pixels[..4], &[1, 4]).run();
    let scores: Vec<f32> = session.get_output("Identity");
    assert!(session.get_output::<u8>("nothing").is_empty());
    println!("{:.4} {:.4}", scores[0], scores[1]);
}
"""

GRAPH_IN_RUST = r"""
use ssvm_tensorflow_interface::{ModelType, Session};

fn main() {
    let graph = std::fs::read("several.pb").unwrap();
    let mut session = Session::new(graph, ModelType::TensorFlow);
    session
        .add_input("x:0", &[1f32, 2., 3., 4.], &[1, 4])
        .add_output("y")
        .add_output("halves:1")
        .run();
    let (y, half): (Vec<f32>, Vec<f32>) = (session.get_output("y"), session.get_output("halves:1"));
    session.clear_input().clear_output().add_input("scalar", &[4f32], &[]).add_output("twice").run();
    println!("{y:?} {half:?} {:?}", session.get_output::<f32>("twice"));
}
"""
