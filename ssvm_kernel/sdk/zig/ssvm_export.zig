//! Functions that Python calls with texts, bytes and arrays, for Zig guests: `const ssvm = @import("ssvm_export");`
//!
//!     fn mean(values: [*]const f64, count: u32) callconv(.c) f64 { ... }
//!     comptime { ssvm.exportAs("mean(values: [f64]) -> f64", &mean); }
//!
//! In Python: `ssvm["NAME"].mean([1, 2, 3])`.  The text is what Python knows of the function, and the name under which it
//! is exported.  The types are i8 to i64, u8 to u64, f32, f64, bool; string (UTF-8), bytes, and lists of numbers such as
//! [f64].  Each of the latter is passed as an address and how many elements there are; the memory is the caller's, and
//! gone when the function returns.  A function returns one as a `Value`, made by `give`.

const std = @import("std");

/// A text, bytes or a list, as a function returns it.
pub const Value = u64;

const alignment: std.mem.Alignment = .@"8";

/// Export a function with this signature.
pub fn exportAs(comptime signature: []const u8, comptime function: anytype) void {
    @export(function, .{ .name = signature });
}

/// Return a copy of `items`, which belongs to the caller.
pub fn give(comptime T: type, items: []const T) Value {
    const bytes = std.mem.sliceAsBytes(items);
    const copy = alloc(@intCast(bytes.len)) orelse @trap();
    @memcpy(copy[0..bytes.len], bytes);
    return @as(u64, @intFromPtr(copy)) << 32 | items.len;
}

fn alloc(size: u32) callconv(.c) ?[*]u8 {
    const memory = std.heap.wasm_allocator.alignedAlloc(u8, alignment, @max(size, 1)) catch return null;
    return memory.ptr;
}

fn free(at: [*]align(8) u8, size: u32) callconv(.c) void {
    std.heap.wasm_allocator.free(at[0..@max(size, 1)]);
}

comptime {
    @export(&alloc, .{ .name = "ssvm_alloc" });
    @export(&free, .{ .name = "ssvm_free" });
}
