//! The process interface of the Second State VM, for Zig guests: `const process = @import("ssvm_process");`
//!
//! A guest cannot start a program by itself: it asks the host, and the host asks the person.
//!
//!     const output = try process.Command.output(.{ .program = "git", .args = &.{ "status", "--short" } }, gpa);
//!     defer output.deinit(gpa);
//!     std.debug.print("{s}", .{output.stdout});
//!
//! `Command` is what most guests want.  The eleven functions of the interface are in `ssvm_process`, and the same under
//! the names that WasmEdge gave them in `wasmedge_process`; a guest imports only those that it uses.

const std = @import("std");

/// The status of a command that was denied or not found, or that is not a program; the error output says which.
pub const refused: i32 = -1;
/// The status of a command that was stopped after its time was up.
pub const timed_out: i32 = 110;

/// A command of the host. What is not set is left to the host.
pub const Command = CommandOf(ssvm_process);

/// A command as `Command` is, for hosts that know the interface by WasmEdge's names.
pub const WasmEdgeCommand = CommandOf(wasmedge_process);

/// One environment variable.
pub const Variable = struct { name: []const u8, value: []const u8 };

/// What came of a command.
pub const Output = struct {
    /// Its exit status, or `refused`, or `timed_out`.
    status: i32,
    stdout: []u8,
    stderr: []u8,

    /// Whether it ended with status 0.
    pub fn ok(self: Output) bool {
        return self.status == 0;
    }

    /// Release the outputs, with the allocator that they were made with.
    pub fn deinit(self: Output, gpa: std.mem.Allocator) void {
        gpa.free(self.stdout);
        gpa.free(self.stderr);
    }
};

fn CommandOf(comptime host: type) type {
    return struct {
        /// Its name or path.
        program: []const u8,
        /// Its arguments, without the program.
        args: []const []const u8 = &.{},
        /// Its environment: it inherits nothing.
        env: []const Variable = &.{},
        /// Its standard input.
        stdin: []const u8 = "",
        /// How long it may take; 10 s unless set.
        timeout_ms: ?u32 = null,

        const Self = @This();

        /// Run it, wait for its end, and return all that it wrote.
        pub fn output(self: Self, gpa: std.mem.Allocator) error{OutOfMemory}!Output {
            const ended = self.status();
            const out = try gpa.alloc(u8, host.get_stdout_len());
            errdefer gpa.free(out);
            const err = try gpa.alloc(u8, host.get_stderr_len());
            host.get_stdout(out.ptr);
            host.get_stderr(err.ptr);
            return .{ .status = ended, .stdout = out, .stderr = err };
        }

        /// Run it, wait for its end, and return its status alone.
        pub fn status(self: Self) i32 {
            host.set_prog_name(self.program.ptr, self.program.len);
            for (self.args) |arg| host.add_arg(arg.ptr, arg.len);
            for (self.env) |one| host.add_env(one.name.ptr, one.name.len, one.value.ptr, one.value.len);
            if (self.stdin.len != 0) host.add_stdin(self.stdin.ptr, self.stdin.len);
            if (self.timeout_ms) |milliseconds| host.set_timeout(milliseconds);
            return host.run();
        }
    };
}

/// The functions themselves. The host forgets what the next run is to be after the run; texts are UTF-8 with a length.
pub const ssvm_process = struct {
    extern "ssvm_process" fn ssvm_process_set_prog_name(text: [*]const u8, size: usize) void;
    extern "ssvm_process" fn ssvm_process_add_arg(text: [*]const u8, size: usize) void;
    extern "ssvm_process" fn ssvm_process_add_env([*]const u8, usize, [*]const u8, usize) void;
    extern "ssvm_process" fn ssvm_process_add_stdin(data: [*]const u8, size: usize) void;
    extern "ssvm_process" fn ssvm_process_set_timeout(milliseconds: u32) void;
    extern "ssvm_process" fn ssvm_process_run() i32;
    extern "ssvm_process" fn ssvm_process_get_exit_code() i32;
    extern "ssvm_process" fn ssvm_process_get_stdout_len() u32;
    extern "ssvm_process" fn ssvm_process_get_stdout(buffer: [*]u8) void;
    extern "ssvm_process" fn ssvm_process_get_stderr_len() u32;
    extern "ssvm_process" fn ssvm_process_get_stderr(buffer: [*]u8) void;

    /// Add to the program's name, which starts out empty.
    pub const set_prog_name = ssvm_process_set_prog_name;
    /// Add one argument; the program's name is not one of them.
    pub const add_arg = ssvm_process_add_arg;
    /// Add one environment variable; of two with the same name the first counts.
    pub const add_env = ssvm_process_add_env;
    /// Add bytes to the program's standard input.
    pub const add_stdin = ssvm_process_add_stdin;
    /// Set how long the program may take; 10 s unless set.
    pub const set_timeout = ssvm_process_set_timeout;
    /// Run it, wait for its end, and return its exit status.
    pub const run = ssvm_process_run;
    /// What came of the last run. The buffers must have room for all of it.
    pub const get_exit_code = ssvm_process_get_exit_code;
    pub const get_stdout_len = ssvm_process_get_stdout_len;
    pub const get_stdout = ssvm_process_get_stdout;
    pub const get_stderr_len = ssvm_process_get_stderr_len;
    pub const get_stderr = ssvm_process_get_stderr;
};

/// The same functions by WasmEdge's names.
pub const wasmedge_process = struct {
    extern "wasmedge_process" fn wasmedge_process_set_prog_name(text: [*]const u8, size: usize) void;
    extern "wasmedge_process" fn wasmedge_process_add_arg(text: [*]const u8, size: usize) void;
    extern "wasmedge_process" fn wasmedge_process_add_env([*]const u8, usize, [*]const u8, usize) void;
    extern "wasmedge_process" fn wasmedge_process_add_stdin(data: [*]const u8, size: usize) void;
    extern "wasmedge_process" fn wasmedge_process_set_timeout(milliseconds: u32) void;
    extern "wasmedge_process" fn wasmedge_process_run() i32;
    extern "wasmedge_process" fn wasmedge_process_get_exit_code() i32;
    extern "wasmedge_process" fn wasmedge_process_get_stdout_len() u32;
    extern "wasmedge_process" fn wasmedge_process_get_stdout(buffer: [*]u8) void;
    extern "wasmedge_process" fn wasmedge_process_get_stderr_len() u32;
    extern "wasmedge_process" fn wasmedge_process_get_stderr(buffer: [*]u8) void;

    pub const set_prog_name = wasmedge_process_set_prog_name;
    pub const add_arg = wasmedge_process_add_arg;
    pub const add_env = wasmedge_process_add_env;
    pub const add_stdin = wasmedge_process_add_stdin;
    pub const set_timeout = wasmedge_process_set_timeout;
    pub const run = wasmedge_process_run;
    pub const get_exit_code = wasmedge_process_get_exit_code;
    pub const get_stdout_len = wasmedge_process_get_stdout_len;
    pub const get_stdout = wasmedge_process_get_stdout;
    pub const get_stderr_len = wasmedge_process_get_stderr_len;
    pub const get_stderr = wasmedge_process_get_stderr;
};
