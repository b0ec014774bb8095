const std = @import("std");
pub fn main() !void {
    var gpa: std.heap.DebugAllocator(.{}) = .init;
    defer _ = gpa.deinit();
    _ = try gpa.allocator().create(u64);
    std.debug.print("x\n", .{});
    return error.Oops;
}
