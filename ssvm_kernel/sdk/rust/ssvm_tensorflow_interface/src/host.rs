//! The host's functions, under SSVM's name or, with the feature `wasmedge`, under WasmEdge's.

#[cfg_attr(not(feature = "wasmedge"), link(wasm_import_module = "ssvm_tensorflow"))]
#[cfg_attr(feature = "wasmedge", link(wasm_import_module = "wasmedge_tensorflow"))]
extern "C" {
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_tensorflow_create_session")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_tensorflow_create_session")]
    pub fn tensorflow_create_session(model: *const u8, model_len: u32) -> u64;
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_tensorflow_delete_session")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_tensorflow_delete_session")]
    pub fn tensorflow_delete_session(context: u64);
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_tensorflow_run_session")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_tensorflow_run_session")]
    pub fn tensorflow_run_session(context: u64) -> u32;
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_tensorflow_get_output_tensor")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_tensorflow_get_output_tensor")]
    pub fn tensorflow_get_output_tensor(context: u64, name: *const u8, name_len: u32, index: u32) -> u64;
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_tensorflow_get_tensor_len")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_tensorflow_get_tensor_len")]
    pub fn tensorflow_get_tensor_len(tensor: u64) -> u32;
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_tensorflow_get_tensor_data")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_tensorflow_get_tensor_data")]
    pub fn tensorflow_get_tensor_data(tensor: u64, buffer: *mut u8);
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_tensorflow_append_input")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_tensorflow_append_input")]
    pub fn tensorflow_append_input(
        context: u64,
        name: *const u8,
        name_len: u32,
        index: u32,
        dims: *const i64,
        dim_count: u32,
        data_type: i32,
        buffer: *const u8,
        buffer_len: u32,
    );
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_tensorflow_append_output")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_tensorflow_append_output")]
    pub fn tensorflow_append_output(context: u64, name: *const u8, name_len: u32, index: u32);
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_tensorflow_clear_input")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_tensorflow_clear_input")]
    pub fn tensorflow_clear_input(context: u64);
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_tensorflow_clear_output")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_tensorflow_clear_output")]
    pub fn tensorflow_clear_output(context: u64);
}

#[cfg_attr(not(feature = "wasmedge"), link(wasm_import_module = "ssvm_tensorflowlite"))]
#[cfg_attr(feature = "wasmedge", link(wasm_import_module = "wasmedge_tensorflowlite"))]
extern "C" {
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_tensorflowlite_create_session")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_tensorflowlite_create_session")]
    pub fn tensorflowlite_create_session(model: *const u8, model_len: u32) -> u64;
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_tensorflowlite_delete_session")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_tensorflowlite_delete_session")]
    pub fn tensorflowlite_delete_session(context: u64);
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_tensorflowlite_run_session")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_tensorflowlite_run_session")]
    pub fn tensorflowlite_run_session(context: u64) -> u32;
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_tensorflowlite_get_output_tensor")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_tensorflowlite_get_output_tensor")]
    pub fn tensorflowlite_get_output_tensor(context: u64, name: *const u8, name_len: u32) -> u64;
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_tensorflowlite_get_tensor_len")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_tensorflowlite_get_tensor_len")]
    pub fn tensorflowlite_get_tensor_len(tensor: u64) -> u32;
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_tensorflowlite_get_tensor_data")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_tensorflowlite_get_tensor_data")]
    pub fn tensorflowlite_get_tensor_data(tensor: u64, buffer: *mut u8);
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_tensorflowlite_append_input")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_tensorflowlite_append_input")]
    pub fn tensorflowlite_append_input(
        context: u64,
        name: *const u8,
        name_len: u32,
        buffer: *const u8,
        buffer_len: u32,
    );
}

#[cfg_attr(not(feature = "wasmedge"), link(wasm_import_module = "ssvm_image"))]
#[cfg_attr(feature = "wasmedge", link(wasm_import_module = "wasmedge_image"))]
extern "C" {
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_image_load_jpg_to_rgb8")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_image_load_jpg_to_rgb8")]
    pub fn load_jpg_to_rgb8(
        image: *const u8,
        image_len: u32,
        width: u32,
        height: u32,
        buffer: *mut u8,
    ) -> u32;
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_image_load_jpg_to_bgr8")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_image_load_jpg_to_bgr8")]
    pub fn load_jpg_to_bgr8(
        image: *const u8,
        image_len: u32,
        width: u32,
        height: u32,
        buffer: *mut u8,
    ) -> u32;
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_image_load_jpg_to_rgb32f")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_image_load_jpg_to_rgb32f")]
    pub fn load_jpg_to_rgb32f(
        image: *const u8,
        image_len: u32,
        width: u32,
        height: u32,
        buffer: *mut u8,
    ) -> u32;
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_image_load_jpg_to_bgr32f")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_image_load_jpg_to_bgr32f")]
    pub fn load_jpg_to_bgr32f(
        image: *const u8,
        image_len: u32,
        width: u32,
        height: u32,
        buffer: *mut u8,
    ) -> u32;
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_image_load_png_to_rgb8")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_image_load_png_to_rgb8")]
    pub fn load_png_to_rgb8(
        image: *const u8,
        image_len: u32,
        width: u32,
        height: u32,
        buffer: *mut u8,
    ) -> u32;
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_image_load_png_to_bgr8")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_image_load_png_to_bgr8")]
    pub fn load_png_to_bgr8(
        image: *const u8,
        image_len: u32,
        width: u32,
        height: u32,
        buffer: *mut u8,
    ) -> u32;
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_image_load_png_to_rgb32f")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_image_load_png_to_rgb32f")]
    pub fn load_png_to_rgb32f(
        image: *const u8,
        image_len: u32,
        width: u32,
        height: u32,
        buffer: *mut u8,
    ) -> u32;
    #[cfg_attr(not(feature = "wasmedge"), link_name = "ssvm_image_load_png_to_bgr32f")]
    #[cfg_attr(feature = "wasmedge", link_name = "wasmedge_image_load_png_to_bgr32f")]
    pub fn load_png_to_bgr32f(
        image: *const u8,
        image_len: u32,
        width: u32,
        height: u32,
        buffer: *mut u8,
    ) -> u32;
}
