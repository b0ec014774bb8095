const std = @import("std");
const process = @import("ssvm_process");
const display = @import("ssvm_display");

const Point = struct { x: i32, y: f64, name: []const u8 };

pub fn main(init: std.process.Init) !void {
    const gpa = init.gpa;
    const arena = init.arena.allocator();
    const io = init.io;
    const args = try init.minimal.args.toSlice(arena);
    var buffer: [256]u8 = undefined;
    var out: std.Io.File.Writer = .init(.stdout(), io, &buffer);
    const w = &out.interface;
    try w.print("{s} {d} {x} {any} {d:.3} {c} {f}\n", .{ "a", 1, 2, args, 1.5, 'c', std.fmt.alt(Alt{}, .format) });
    try w.print("{any} {?d} {e} {b} {t}\n", .{ Point{ .x = 1, .y = 2, .name = "n" }, @as(?u8, 3), 1e9, 5, std.math.Order.lt });
    var list: std.ArrayList(u64) = .empty;
    defer list.deinit(gpa);
    try list.appendSlice(gpa, &.{ 3, 1, 2 });
    std.mem.sort(u64, list.items, {}, std.sort.asc(u64));
    std.sort.pdq(u64, list.items, {}, std.sort.desc(u64));
    var map: std.StringHashMap(u32) = .init(gpa);
    defer map.deinit();
    try map.put("a", 1);
    var auto: std.AutoHashMap(u32, u32) = .init(gpa);
    try auto.put(1, 1);
    var ordered: std.array_hash_map.String(u32) = .empty;
    try ordered.put(gpa, "a", 1);
    var queue: std.PriorityQueue(u32, void, less) = .empty;
    try queue.push(gpa, 3);
    var set: std.StaticBitSet(70) = .empty;
    set.set(3);
    var tokens = std.mem.tokenizeScalar(u8, "a b", ' ');
    while (tokens.next()) |t| try w.print("{s}", .{t});
    var parts = std.mem.splitScalar(u8, "a,b", ',');
    while (parts.next()) |t| try w.print("{s}", .{t});
    const n = try std.fmt.parseInt(i64, "12", 10);
    const f = try std.fmt.parseFloat(f64, "1.5");
    try w.print("{d} {d} {d}\n", .{ n, f, @sqrt(f) + std.math.pow(f64, f, 2) + std.math.pi + std.math.atan2(f, f) + std.math.hypot(f, f) });
    try w.print("{d}\n", .{std.math.sin(f) + std.math.exp(f) + std.math.log(f64, 10, f) + std.math.cosh(f) + std.math.tanh(f) + std.math.asin(f) + std.math.cbrt(f)});
    var prng: std.Random.DefaultPrng = .init(7);
    const random = prng.random();
    try w.print("{d} {d} {d}\n", .{ random.int(u32), random.float(f64), random.floatNorm(f64) });
    random.shuffle(u64, list.items);
    const text = try std.fmt.allocPrint(arena, "{d}", .{5});
    const joined = try std.mem.concat(arena, u8, &.{ text, "x" });
    try w.print("{s} {s}", .{ joined, try std.ascii.allocUpperString(arena, "abc") });
    const view = try std.unicode.Utf8View.init("wörld");
    var points = view.iterator();
    while (points.nextCodepoint()) |p| try w.print("{u}", .{p});
    var digest: [32]u8 = undefined;
    std.crypto.hash.sha2.Sha256.hash("abc", &digest, .{});
    try w.print("{x} {x} {x}\n", .{ &digest, std.hash.Crc32.hash("abc"), std.hash.Wyhash.hash(0, "abc") });
    var small: [64]u8 = undefined;
    try w.print("{s}\n", .{std.base64.standard.Encoder.encode(&small, "abc")});
    const parsed = try std.json.parseFromSlice(Point, gpa, "{\"x\":1,\"y\":2,\"name\":\"n\"}", .{});
    defer parsed.deinit();
    const value = try std.json.parseFromSlice(std.json.Value, gpa, "[1]", .{});
    defer value.deinit();
    try w.print("{f}\n", .{std.json.fmt(parsed.value, .{ .whitespace = .indent_2 })});
    const content = std.Io.Dir.cwd().readFileAlloc(io, "a.txt", arena, .unlimited) catch "";
    try std.Io.Dir.cwd().writeFile(io, .{ .sub_path = "b.txt", .data = content });
    var line_buffer: [256]u8 = undefined;
    var in: std.Io.File.Reader = .init(.stdin(), io, &line_buffer);
    while (try in.interface.takeDelimiter('\n')) |line| try w.print("{s}", .{line});
    var dir = try std.Io.Dir.cwd().openDir(io, ".", .{ .iterate = true });
    defer dir.close(io);
    var it = dir.iterate();
    while (try it.next(io)) |entry| try w.print("{s}", .{entry.name});
    if (init.environ_map.get("A")) |v| try w.print("{s}", .{v});
    const now = std.Io.Clock.awake.now(io);
    try w.print("{d}", .{now.nanoseconds});
    try std.Io.sleep(io, .fromMilliseconds(1), .awake);
    std.debug.print("{d}", .{1});
    std.debug.assert(n == 12);
    std.log.info("x {d}", .{1});
    var fba: std.heap.FixedBufferAllocator = .init(&small);
    _ = try fba.allocator().alloc(u8, 3);
    var aa: std.heap.ArenaAllocator = .init(std.heap.page_allocator);
    _ = try aa.allocator().alloc(u8, 3);
    _ = try std.heap.wasm_allocator.alloc(u8, 3);
    const simd: @Vector(4, f32) = @splat(1);
    try w.print("{d} {any}", .{ @reduce(.Add, simd), std.simd.iota(u8, 4) });
    const color = std.meta.stringToEnum(enum { red, blue }, "red");
    try w.print("{any} {any}", .{ color, std.enums.values(enum { a, b }) });
    var multi: std.MultiArrayList(Point) = .empty;
    try multi.append(gpa, .{ .x = 1, .y = 1, .name = "" });
    var linked: std.SinglyLinkedList = .{};
    _ = &linked;
    const command: process.Command = .{ .program = "git", .args = &.{"status"} };
    const output = try command.output(gpa);
    defer output.deinit(gpa);
    try std.testing.expect(output.ok());
    var big: std.math.big.int.Managed = try .initSet(gpa, 5);
    try big.pow(&big, 50);
    try w.print("{f} {d}", .{ big, std.math.gcd(@as(u32, 4), 6) });
    const z = std.math.Complex(f64).init(1, 2);
    try w.print("{d}", .{z.magnitude()});
    try w.print("{s}", .{std.fs.path.basename("a/b")});
    const m = std.mem.indexOf(u8, "abc", "c");
    try w.print("{any} {s}", .{ m, std.mem.trim(u8, " a ", " ") });
    _ = display;
    try out.interface.flush();
    std.process.exit(3);
}

const Alt = struct {
    pub fn format(_: Alt, w: *std.Io.Writer) std.Io.Writer.Error!void {
        try w.writeAll("alt");
    }
};

fn less(_: void, a: u32, b: u32) std.math.Order {
    return std.math.order(a, b);
}

export fn more(x: f64) f64 {
    const m = std.math;
    return m.sinh(x) + m.acos(x) + m.asinh(x) + m.acosh(x) + m.atanh(x) + m.log1p(x) + m.gamma(f64, x) + m.log2(x) +
        m.cbrt(x) + m.degreesToRadians(x) + @as(f64, @floatFromInt(m.lcm(4, 6))) + @log10(x) + m.lerp(x, x, x) +
        (if (m.isNan(x) or m.isInf(x)) x else 0);
}

export fn digests(n: u32) u32 {
    var md5: [16]u8 = undefined;
    std.crypto.hash.Md5.hash("a", &md5, .{});
    var sha1: [20]u8 = undefined;
    std.crypto.hash.Sha1.hash("a", &sha1, .{});
    return md5[0] + sha1[0] + n +% std.hash.Adler32.hash("a") +% std.hash.Fnv1a_32.hash("a");
}

export fn containers(n: u32) u32 {
    var gpa: std.heap.DebugAllocator(.{}) = .init;
    var deque: std.Deque(u32) = .empty;
    deque.pushBack(gpa.allocator(), n) catch return 0;
    const named: std.StaticStringMap(u32) = .initComptime(.{.{ "a", 1 }});
    var flags: std.EnumSet(enum { red, blue }) = .empty;
    flags.insert(.red);
    var counted: std.EnumArray(enum { red, blue }, u32) = .initFill(0);
    counted.set(.red, 1);
    return deque.popFront().? + (named.get("a") orelse 0) + @as(u32, @intCast(flags.count()));
}

export fn date(seconds: u64) u32 {
    const day = (std.time.epoch.EpochSeconds{ .secs = seconds }).getEpochDay();
    return day.calculateYearDay().year;
}
