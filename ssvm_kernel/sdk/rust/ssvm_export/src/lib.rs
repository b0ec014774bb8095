//! Functions that Python calls with texts, bytes and arrays.
//!
//! ```ignore
//! ssvm_export::export! {
//!     fn greet(name: &str) -> String { format!("hello {name}") }
//!     fn mean(values: &[f64]) -> f64 { values.iter().sum::<f64>() / values.len() as f64 }
//! }
//! ```
//!
//! In Python: `ssvm["NAME"].greet("world")`. Parameters may be numbers, `bool`, `&str`, `String`, `&[T]` and `Vec<T>` of
//! numbers; results the owned ones of these, or nothing. What each function takes and returns is written into the
//! module's section `ssvm_sig`. A text or list travels as one `u64`: its address in the upper half, its length in the
//! lower.

use std::alloc::{alloc, dealloc, Layout};

const ALIGN: usize = 8;

fn layout(size: u32) -> Layout {
    Layout::from_size_align(size.max(1) as usize, ALIGN).expect("a size that an address can have")
}

/// By this the caller gets memory for an argument.
#[no_mangle]
pub extern "C" fn ssvm_alloc(size: u32) -> *mut u8 {
    unsafe { alloc(layout(size)) }
}

/// By this the caller gives memory back: that of an argument, or of a result.
///
/// # Safety
///
/// The memory is of `ssvm_alloc`, and of this size.
#[no_mangle]
pub unsafe extern "C" fn ssvm_free(at: *mut u8, size: u32) {
    dealloc(at, layout(size));
}

/// A type of a parameter.
pub trait Parameter {
    /// What it is passed as.
    type Wire;
    /// Its name in a signature.
    const TEXT: &'static str;
    /// Make it of what was passed.
    ///
    /// # Safety
    ///
    /// What was passed is of this type, and stays where it is as long as the value lives.
    unsafe fn take(wire: Self::Wire) -> Self;
}

/// A type of a result.
pub trait Outcome {
    /// What it is passed as.
    type Wire;
    /// Its name in a signature, after an arrow.
    const TEXT: &'static str;
    /// Pass it; memory of it belongs to the caller from now on.
    fn give(self) -> Self::Wire;
}

impl Outcome for () {
    type Wire = ();
    const TEXT: &'static str = "";
    fn give(self) {}
}

macro_rules! numbers {
    ($($type:ident as $wire:ident),*) => {$(
        impl Parameter for $type {
            type Wire = $wire;
            const TEXT: &'static str = stringify!($type);
            unsafe fn take(wire: $wire) -> $type { wire as $type }
        }
        impl Outcome for $type {
            type Wire = $wire;
            const TEXT: &'static str = concat!(" -> ", stringify!($type));
            fn give(self) -> $wire { self as $wire }
        }
    )*};
}
numbers!(i8 as i32, u8 as u32, i16 as i32, u16 as u32, i32 as i32, u32 as u32, i64 as i64, u64 as u64, f32 as f32, f64 as f64);

impl Parameter for bool {
    type Wire = u32;
    const TEXT: &'static str = "bool";
    unsafe fn take(wire: u32) -> bool {
        wire != 0
    }
}
impl Outcome for bool {
    type Wire = u32;
    const TEXT: &'static str = " -> bool";
    fn give(self) -> u32 {
        self as u32
    }
}

unsafe fn part<'a, T>(wire: u64) -> &'a [T] {
    let length = wire as u32 as usize;
    if length == 0 {
        return &[];
    }
    std::slice::from_raw_parts((wire >> 32) as usize as *const T, length)
}

fn given<T: Copy>(values: &[T]) -> u64 {
    let size = std::mem::size_of_val(values);
    let at = ssvm_alloc(size as u32);
    if at.is_null() {
        std::alloc::handle_alloc_error(layout(size as u32));
    }
    unsafe { std::ptr::copy_nonoverlapping(values.as_ptr() as *const u8, at, size) };
    (at as usize as u64) << 32 | values.len() as u64
}

macro_rules! lists {
    ($($type:ident $text:literal),*) => {$(
        impl<'a> Parameter for &'a [$type] {
            type Wire = u64;
            const TEXT: &'static str = $text;
            unsafe fn take(wire: u64) -> &'a [$type] { part(wire) }
        }
        impl Parameter for Vec<$type> {
            type Wire = u64;
            const TEXT: &'static str = $text;
            unsafe fn take(wire: u64) -> Vec<$type> { part(wire).to_vec() }
        }
        impl Outcome for Vec<$type> {
            type Wire = u64;
            const TEXT: &'static str = concat!(" -> ", $text);
            fn give(self) -> u64 { given(&self) }
        }
    )*};
}
lists!(u8 "bytes", i8 "[i8]", i16 "[i16]", u16 "[u16]", i32 "[i32]", u32 "[u32]", i64 "[i64]", u64 "[u64]", f32 "[f32]", f64 "[f64]");

impl<'a> Parameter for &'a str {
    type Wire = u64;
    const TEXT: &'static str = "string";
    unsafe fn take(wire: u64) -> &'a str {
        std::str::from_utf8(part(wire)).expect("a text that is UTF-8")
    }
}
impl Parameter for String {
    type Wire = u64;
    const TEXT: &'static str = "string";
    unsafe fn take(wire: u64) -> String {
        <&str>::take(wire).to_owned()
    }
}
impl Outcome for String {
    type Wire = u64;
    const TEXT: &'static str = " -> string";
    fn give(self) -> u64 {
        given(self.as_bytes())
    }
}

#[doc(hidden)]
pub const fn length(parts: &[&str]) -> usize {
    let mut total = 0;
    let mut index = 0;
    while index < parts.len() {
        total += parts[index].len();
        index += 1;
    }
    total
}

#[doc(hidden)]
pub const fn join<const N: usize>(parts: &[&str]) -> [u8; N] {
    let mut joined = [0; N];
    let (mut at, mut index) = (0, 0);
    while index < parts.len() {
        let bytes = parts[index].as_bytes();
        let mut byte = 0;
        while byte < bytes.len() {
            joined[at] = bytes[byte];
            at += 1;
            byte += 1;
        }
        index += 1;
    }
    joined
}

/// Export functions.
#[macro_export]
macro_rules! export {
    ($($(#[$meta:meta])* $(pub)? fn $name:ident($($arg:ident : $type:ty),* $(,)?) $(-> $result:ty)? $body:block)*) => {$(
        $(#[$meta])*
        pub fn $name($($arg: $type),*) $(-> $result)? $body

        const _: () = {
            #[no_mangle]
            pub unsafe extern "C" fn $name(
                $($arg: <$type as $crate::Parameter>::Wire),*
            ) -> <$crate::result!($($result)?) as $crate::Outcome>::Wire {
                $crate::Outcome::give(self::$name($(<$type as $crate::Parameter>::take($arg)),*))
            }
            const PARTS: &[&str] = &[
                stringify!($name), "(", $(stringify!($arg), ": ", <$type as $crate::Parameter>::TEXT, ", ",)* ")",
                <$crate::result!($($result)?) as $crate::Outcome>::TEXT, "\n",
            ];
            #[used]
            #[link_section = "ssvm_sig"]
            static SIGNATURE: [u8; $crate::length(PARTS)] = $crate::join(PARTS);
        };
    )*};
}

#[doc(hidden)]
#[macro_export]
macro_rules! result {
    () => { () };
    ($result:ty) => { $result };
}
