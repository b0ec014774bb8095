// The probe in Zig; README.md beside it says what it does.
const std = @import("std");
const process = @import("ssvm_process");

fn command(scenario: []const u8, n: []const u8) ?process.Command {
    const eql = std.mem.eql;
    if (eql(u8, scenario, "args")) {
        return .{ .program = "printf", .args = &.{ "[%s]", "one", "", "two words", "zwei ü \"$HOME\" \\n" } };
    }
    if (eql(u8, scenario, "env")) {
        return .{ .program = "env", .env = &.{
            .{ .name = "A", .value = "1" },
            .{ .name = "EMPTY", .value = "" },
            .{ .name = "EQUALS", .value = "x=y ü" },
        } };
    }
    if (eql(u8, scenario, "text")) return .{ .program = "cat", .stdin = "first line\nzweite Zeile ü\n" };
    if (eql(u8, scenario, "binary")) return .{ .program = "cat", .stdin = &bytes };
    if (eql(u8, scenario, "timeout")) return .{ .program = "sleep", .args = &.{"1000"}, .timeout_ms = 300 };
    if (eql(u8, scenario, "exit")) {
        words = .{ "-c", "echo out; echo err >&2; exit $0", n };
        return .{ .program = "sh", .args = &words };
    }
    if (eql(u8, scenario, "large")) {
        words = .{ "-c", "yes 0123456 | head -c $0", n };
        return .{ .program = "sh", .args = &words, .timeout_ms = 100_000 };
    }
    return null;
}

var words: [3][]const u8 = undefined;

const bytes: [256]u8 = all: {
    var out: [256]u8 = undefined;
    for (&out, 0..) |*byte, i| byte.* = i;
    break :all out;
};

fn hash(data: []const u8) u32 {
    var h: u32 = 0;
    var i: usize = 0;
    while (i < data.len) : (i += 61) h = h *% 31 +% data[i];
    return h;
}

pub fn main(init: std.process.Init) !void {
    var args = try init.minimal.args.iterateAllocator(init.gpa);
    defer args.deinit();
    _ = args.skip();
    const scenario = args.next() orelse "";
    const n = args.next() orelse "";
    const found = command(scenario, n) orelse std.process.exit(2);
    const output = try found.output(init.gpa);
    defer output.deinit(init.gpa);

    var buffer: [256]u8 = undefined;
    var out: std.Io.File.Writer = .init(.stdout(), init.io, &buffer);
    try out.interface.print("{d} {d} {d} {d}\n", .{
        output.status, output.stdout.len, output.stderr.len, hash(output.stdout),
    });
    if (output.stdout.len <= 4096) try out.interface.writeAll(output.stdout);
    try out.interface.flush();
    var err: std.Io.File.Writer = .init(.stderr(), init.io, &.{});
    try err.interface.writeAll(output.stderr);
}
