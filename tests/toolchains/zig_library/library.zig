const std = @import("std");

var seen: std.ArrayList(i32) = .empty;

export fn add(a: i32, b: i32) i32 {
    seen.append(std.heap.wasm_allocator, a) catch return -1;
    return a + b;
}

export fn reserve(size: usize) ?[*]u8 {
    const bytes = std.heap.page_allocator.alloc(u8, size) catch return null;
    return bytes.ptr;
}
