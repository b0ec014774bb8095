//! Have models computed and pictures decoded by the host, where the person who runs the guest grants it
//! (`--allow-models`). The public items are those of version 0.1.4, and mean the same.
//!
//! ```no_run
//! use ssvm_tensorflow_interface::{load_jpg_image_to_rgb8, ModelType, Session};
//!
//! let model = std::fs::read("model.tflite").unwrap();
//! let pixels = load_jpg_image_to_rgb8(&std::fs::read("picture.jpg").unwrap(), 224, 224);
//! let mut session = Session::new(model, ModelType::TensorFlowLite);
//! session.add_input("input", &pixels, &[1, 224, 224, 3]).run();
//! let scores: Vec<u8> = session.get_output("MobilenetV1/Predictions/Softmax");
//! ```
//!
//! What fails gives an empty result; the person sees why.

mod host;
mod image;

pub use image::*;

/// Which library computes a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelType {
    /// A frozen graph (`.pb`).
    TensorFlow = 0,
    /// A `.tflite` file.
    TensorFlowLite = 1,
}

mod sealed {
    pub trait Sealed {}
}

/// A type that tensors can be of.
pub trait TensorType: sealed::Sealed + Copy {
    /// Its number in TensorFlow's C interface.
    fn val() -> i32;
    /// Its zero.
    fn zero() -> Self;
}

macro_rules! tensor_types {
    ($($kind:ty, $number:expr, $zero:expr;)*) => {$(
        impl sealed::Sealed for $kind {}
        impl TensorType for $kind {
            fn val() -> i32 {
                $number
            }
            fn zero() -> Self {
                $zero
            }
        }
    )*};
}

tensor_types! {
    f32, 1, 0.0;
    f64, 2, 0.0;
    i32, 3, 0;
    u8, 4, 0;
    i16, 5, 0;
    i8, 6, 0;
    i64, 9, 0;
    bool, 10, false;
    u16, 17, 0;
    u32, 22, 0;
    u64, 23, 0;
}

/// One model that can be run.
pub struct Session {
    context: u64,
    model_type: ModelType,
}

// The functions are small and inlined, so that a guest that says which library it uses imports that one alone.
impl Session {
    /// Load a model.
    #[inline(always)]
    pub fn new<S: AsRef<[u8]>>(model_buf: S, mod_type: ModelType) -> Session {
        let model = model_buf.as_ref();
        let context = match mod_type {
            ModelType::TensorFlow => unsafe { host::tensorflow_create_session(model.as_ptr(), model.len() as u32) },
            ModelType::TensorFlowLite => unsafe {
                host::tensorflowlite_create_session(model.as_ptr(), model.len() as u32)
            },
        };
        Session { context, model_type: mod_type }
    }

    /// Give an input: for TensorFlow `"operation"` or `"operation:slot"`, with its shape; for TensorFlow Lite the
    /// tensor's name, whose shape the model knows.
    #[inline(always)]
    pub fn add_input<T: TensorType>(&mut self, name: &str, tensor_buf: &[T], shape: &[i64]) -> &mut Session {
        let size = std::mem::size_of_val(tensor_buf) as u32;
        let data = tensor_buf.as_ptr() as *const u8;
        match self.model_type {
            ModelType::TensorFlow => {
                let (operation, slot) = split(name);
                unsafe {
                    host::tensorflow_append_input(
                        self.context,
                        operation.as_ptr(),
                        operation.len() as u32,
                        slot,
                        shape.as_ptr(),
                        shape.len() as u32,
                        T::val(),
                        data,
                        size,
                    )
                }
            }
            ModelType::TensorFlowLite => unsafe {
                host::tensorflowlite_append_input(self.context, name.as_ptr(), name.len() as u32, data, size)
            },
        }
        self
    }

    /// Ask for an output; TensorFlow Lite gives all of them unasked.
    #[inline(always)]
    pub fn add_output(&mut self, name: &str) -> &mut Session {
        if self.model_type == ModelType::TensorFlow {
            let (operation, slot) = split(name);
            unsafe { host::tensorflow_append_output(self.context, operation.as_ptr(), operation.len() as u32, slot) }
        }
        self
    }

    /// Drop all inputs.
    #[inline(always)]
    pub fn clear_input(&mut self) -> &mut Session {
        if self.model_type == ModelType::TensorFlow {
            unsafe { host::tensorflow_clear_input(self.context) }
        }
        self
    }

    /// Drop all outputs.
    #[inline(always)]
    pub fn clear_output(&mut self) -> &mut Session {
        if self.model_type == ModelType::TensorFlow {
            unsafe { host::tensorflow_clear_output(self.context) }
        }
        self
    }

    /// Compute the outputs.
    #[inline(always)]
    pub fn run(&mut self) -> &mut Session {
        match self.model_type {
            ModelType::TensorFlow => unsafe { host::tensorflow_run_session(self.context) },
            ModelType::TensorFlowLite => unsafe { host::tensorflowlite_run_session(self.context) },
        };
        self
    }

    /// Return an output, empty when there is none.
    #[inline(always)]
    pub fn get_output<T: TensorType>(&self, name: &str) -> Vec<T> {
        match self.model_type {
            ModelType::TensorFlow => {
                let (operation, slot) = split(name);
                let length = operation.len() as u32;
                let tensor =
                    unsafe { host::tensorflow_get_output_tensor(self.context, operation.as_ptr(), length, slot) };
                let size = unsafe { host::tensorflow_get_tensor_len(tensor) };
                taken(size, |at| unsafe { host::tensorflow_get_tensor_data(tensor, at) })
            }
            ModelType::TensorFlowLite => {
                let tensor = unsafe {
                    host::tensorflowlite_get_output_tensor(self.context, name.as_ptr(), name.len() as u32)
                };
                let size = unsafe { host::tensorflowlite_get_tensor_len(tensor) };
                taken(size, |at| unsafe { host::tensorflowlite_get_tensor_data(tensor, at) })
            }
        }
    }
}

impl Drop for Session {
    #[inline(always)]
    fn drop(&mut self) {
        match self.model_type {
            ModelType::TensorFlow => unsafe { host::tensorflow_delete_session(self.context) },
            ModelType::TensorFlowLite => unsafe { host::tensorflowlite_delete_session(self.context) },
        }
    }
}

/// Return an operation and its output slot, 0 where the name says none.
fn split(name: &str) -> (&str, u32) {
    match name.split_once(':') {
        Some((operation, slot)) => (operation, slot.parse().unwrap_or(0)),
        None => (name, 0),
    }
}

/// Return a tensor of `size` bytes that `copy` puts where it is told; of a type that is too large, what fits.
fn taken<T: TensorType>(size: u32, copy: impl FnOnce(*mut u8)) -> Vec<T> {
    let width = std::mem::size_of::<T>();
    let size = size as usize;
    let mut values = vec![T::zero(); (size + width - 1) / width];
    if size > 0 {
        copy(values.as_mut_ptr() as *mut u8);
    }
    values.truncate(size / width);
    values
}
