//! What the functions of a component in Rust have in common: how values lie in memory for the caller.
//!
//! The types and functions of a cell's world stand in its module `wit`, which is made of the WIT.

use std::alloc::{alloc, dealloc, handle_alloc_error, realloc, Layout};
use std::cell::UnsafeCell;

extern "C" {
    // Called once and by name: the linker would otherwise have every export call it first, `cabi_realloc` too, in which
    // nothing may be asked of the host.
    fn __wasm_call_ctors();
}

struct Shared<T>(UnsafeCell<T>);
// A component has one thread.
unsafe impl<T> Sync for Shared<T> {}

static STARTED: Shared<bool> = Shared(UnsafeCell::new(false));
static GIVEN: Shared<Vec<(*mut u8, Layout)>> = Shared(UnsafeCell::new(Vec::new()));

/// Begin a call.
pub fn start() {
    unsafe {
        if !*STARTED.0.get() {
            *STARTED.0.get() = true;
            __wasm_call_ctors();
        }
    }
}

/// End a call: the caller has read the result.
pub fn end() {
    unsafe {
        for (at, layout) in (*GIVEN.0.get()).drain(..) {
            dealloc(at, layout);
        }
    }
}

/// Get memory that lasts until the caller has read the result.
pub fn room(size: usize, align: usize) -> *mut u8 {
    if size == 0 {
        return align as *mut u8;
    }
    unsafe {
        let layout = Layout::from_size_align_unchecked(size, align);
        let at = alloc(layout);
        if at.is_null() {
            handle_alloc_error(layout);
        }
        (*GIVEN.0.get()).push((at, layout));
        at
    }
}

/// By this the caller gets memory for what it passes.
///
/// # Safety
///
/// The memory is of this function, and of this size.
#[no_mangle]
pub unsafe extern "C" fn cabi_realloc(old: *mut u8, old_size: usize, align: usize, size: usize) -> *mut u8 {
    if size == 0 {
        return align as *mut u8;
    }
    let layout = Layout::from_size_align_unchecked(size, align);
    let at = if old_size == 0 {
        alloc(layout)
    } else {
        realloc(old, Layout::from_size_align_unchecked(old_size, align), size)
    };
    if at.is_null() {
        handle_alloc_error(layout);
    }
    at
}

unsafe fn free(at: *mut u8, size: usize, align: usize) {
    if size != 0 {
        dealloc(at, Layout::from_size_align_unchecked(size, align));
    }
}

/// Give memory back that parameters lay in.
///
/// # Safety
///
/// It is of `cabi_realloc`, and of this size.
pub unsafe fn release(at: *mut u8, size: usize, align: usize) {
    free(at, size, align);
}

/// Put a value to a place.
///
/// # Safety
///
/// The place is there.
pub unsafe fn put<T>(to: *mut u8, at: usize, value: T) {
    (to.add(at) as *mut T).write_unaligned(value);
}

/// Take a value from a place.
///
/// # Safety
///
/// There is one.
pub unsafe fn get<T>(from: *const u8, at: usize) -> T {
    (from.add(at) as *const T).read_unaligned()
}

/// Round up.
pub const fn up(at: usize, align: usize) -> usize {
    (at + align - 1) / align * align
}

/// The greater one.
pub const fn most(one: usize, other: usize) -> usize {
    if one > other {
        one
    } else {
        other
    }
}

/// A type of an interface.
pub trait Value: Sized {
    /// Bytes in memory.
    const SIZE: usize;
    /// Their alignment.
    const ALIGN: usize;
    /// Take a value out of memory, with the memory that it points to.
    ///
    /// # Safety
    ///
    /// There is one.
    unsafe fn load(from: *const u8) -> Self;
    /// Put it into memory.
    ///
    /// # Safety
    ///
    /// There is room.
    unsafe fn store(self, to: *mut u8);
}

macro_rules! numbers {
    ($($type:ident)*) => {$(
        impl Value for $type {
            const SIZE: usize = std::mem::size_of::<$type>();
            const ALIGN: usize = std::mem::size_of::<$type>();
            unsafe fn load(from: *const u8) -> $type { get(from, 0) }
            unsafe fn store(self, to: *mut u8) { put(to, 0, self) }
        }
    )*};
}
numbers!(i8 u8 i16 u16 i32 u32 i64 u64 f32 f64);

impl Value for bool {
    const SIZE: usize = 1;
    const ALIGN: usize = 1;
    unsafe fn load(from: *const u8) -> bool {
        *from != 0
    }
    unsafe fn store(self, to: *mut u8) {
        *to = self as u8;
    }
}

impl Value for char {
    const SIZE: usize = 4;
    const ALIGN: usize = 4;
    unsafe fn load(from: *const u8) -> char {
        char::from_u32(get(from, 0)).expect("a character")
    }
    unsafe fn store(self, to: *mut u8) {
        put(to, 0, self as u32)
    }
}

/// Nothing: what a case without a payload carries.
impl Value for () {
    const SIZE: usize = 0;
    const ALIGN: usize = 1;
    unsafe fn load(_: *const u8) {}
    unsafe fn store(self, _: *mut u8) {}
}

impl Value for String {
    const SIZE: usize = 8;
    const ALIGN: usize = 4;
    unsafe fn load(from: *const u8) -> String {
        String::from_utf8(Vec::load(from)).expect("a text that is UTF-8")
    }
    unsafe fn store(self, to: *mut u8) {
        self.into_bytes().store(to)
    }
}

impl<T: Value> Value for Vec<T> {
    const SIZE: usize = 8;
    const ALIGN: usize = 4;
    unsafe fn load(from: *const u8) -> Vec<T> {
        let (at, count): (u32, u32) = (get(from, 0), get(from, 4));
        let (at, count) = (at as *mut u8, count as usize);
        let mut items = Vec::with_capacity(count);
        for index in 0..count {
            items.push(T::load(at.add(index * T::SIZE)));
        }
        free(at, count * T::SIZE, T::ALIGN);
        items
    }
    unsafe fn store(self, to: *mut u8) {
        let count = self.len();
        let at = room(count * T::SIZE, T::ALIGN);
        for (index, item) in self.into_iter().enumerate() {
            item.store(at.add(index * T::SIZE));
        }
        put(to, 0, at as u32);
        put(to, 4, count as u32);
    }
}

impl<T: Value> Value for Option<T> {
    const SIZE: usize = up(up(1, T::ALIGN) + T::SIZE, T::ALIGN);
    const ALIGN: usize = T::ALIGN;
    unsafe fn load(from: *const u8) -> Option<T> {
        if *from == 0 {
            None
        } else {
            Some(T::load(from.add(up(1, T::ALIGN))))
        }
    }
    unsafe fn store(self, to: *mut u8) {
        *to = self.is_some() as u8;
        if let Some(value) = self {
            value.store(to.add(up(1, T::ALIGN)));
        }
    }
}

impl<T: Value, E: Value> Value for Result<T, E> {
    const SIZE: usize = up(up(1, Self::ALIGN) + most(T::SIZE, E::SIZE), Self::ALIGN);
    const ALIGN: usize = most(T::ALIGN, E::ALIGN);
    unsafe fn load(from: *const u8) -> Result<T, E> {
        let at = from.add(up(1, Self::ALIGN));
        if *from == 0 {
            Ok(T::load(at))
        } else {
            Err(E::load(at))
        }
    }
    unsafe fn store(self, to: *mut u8) {
        *to = self.is_err() as u8;
        let at = to.add(up(1, Self::ALIGN));
        match self {
            Ok(value) => value.store(at),
            Err(error) => error.store(at),
        }
    }
}

macro_rules! tuples {
    ($(($($type:ident $value:ident),+))*) => {$(
        impl<$($type: Value),+> Value for ($($type,)+) {
            const SIZE: usize = {
                let mut at = 0;
                $(at = up(at, $type::ALIGN) + $type::SIZE;)+
                up(at, Self::ALIGN)
            };
            const ALIGN: usize = {
                let mut align = 1;
                $(align = most(align, $type::ALIGN);)+
                align
            };
            #[allow(unused_assignments)]
            unsafe fn load(from: *const u8) -> Self {
                let mut at = 0;
                $(
                    at = up(at, $type::ALIGN);
                    let $value = $type::load(from.add(at));
                    at += $type::SIZE;
                )+
                ($($value,)+)
            }
            #[allow(unused_assignments)]
            unsafe fn store(self, to: *mut u8) {
                let ($($value,)+) = self;
                let mut at = 0;
                $(
                    at = up(at, $type::ALIGN);
                    $value.store(to.add(at));
                    at += $type::SIZE;
                )+
            }
        }
    )*};
}
tuples! {
    (A a)
    (A a, B b)
    (A a, B b, C c)
    (A a, B b, C c, D d)
    (A a, B b, C c, D d, E e)
    (A a, B b, C c, D d, E e, F f)
    (A a, B b, C c, D d, E e, F f, G g)
    (A a, B b, C c, D d, E e, F f, G g, H h)
    (A a, B b, C c, D d, E e, F f, G g, H h, I i)
    (A a, B b, C c, D d, E e, F f, G g, H h, I i, J j)
    (A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k)
    (A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k, L l)
}
