// Made by tools/labextension_tables.py from ssvm_kernel/capabilities/abilities.py; do not edit.
export const ABILITIES = [
 {
  "id": "commands",
  "can": "run host commands that you allow; what such a command does is not limited by this list",
  "cannot": "run host commands",
  "missing": "it does not import the run function of the process interface",
  "anyOf": [
   "run"
  ],
  "allOf": []
 },
 {
  "id": "read-files",
  "can": "read files in folders that you grant",
  "cannot": "read files",
  "missing": "it does not import path_open together with fd_read or fd_pread",
  "anyOf": [
   "fd_pread",
   "fd_read"
  ],
  "allOf": [
   "path_open"
  ]
 },
 {
  "id": "change-files",
  "can": "write, make and remove files in folders that you grant for writing",
  "cannot": "change files or folders",
  "missing": "it imports neither path_open nor another function that changes what is on disk",
  "anyOf": [
   "fd_filestat_set_times",
   "path_create_directory",
   "path_filestat_set_times",
   "path_link",
   "path_open",
   "path_remove_directory",
   "path_rename",
   "path_symlink",
   "path_unlink_file"
  ],
  "allOf": []
 },
 {
  "id": "list-files",
  "can": "see names, sizes and times of files in folders that you grant",
  "cannot": "see what files there are",
  "missing": "it imports none of path_open, fd_readdir, path_filestat_get, path_readlink",
  "anyOf": [
   "fd_readdir",
   "path_filestat_get",
   "path_open",
   "path_readlink"
  ],
  "allOf": []
 },
 {
  "id": "environment",
  "can": "see environment variables that you grant",
  "cannot": "see environment variables",
  "missing": "it does not import environ_get",
  "anyOf": [
   "environ_get"
  ],
  "allOf": []
 },
 {
  "id": "arguments",
  "can": "see its arguments",
  "cannot": "see its arguments",
  "missing": "it does not import args_get",
  "anyOf": [
   "args_get"
  ],
  "allOf": []
 },
 {
  "id": "print",
  "can": "print",
  "cannot": "print",
  "missing": "it imports neither fd_write nor fd_pwrite",
  "anyOf": [
   "fd_pwrite",
   "fd_write"
  ],
  "allOf": []
 },
 {
  "id": "display",
  "can": "show pictures, tables and documents in the cell, if you grant it",
  "cannot": "show anything but text",
  "missing": "it does not import the display interface",
  "anyOf": [
   "ssvm_display.show"
  ],
  "allOf": []
 },
 {
  "id": "stdin",
  "can": "read the input that it is given",
  "cannot": "read any input",
  "missing": "it imports neither fd_read nor fd_pread",
  "anyOf": [
   "fd_pread",
   "fd_read"
  ],
  "allOf": []
 },
 {
  "id": "clock",
  "can": "ask for the time",
  "cannot": "ask for the time",
  "missing": "it imports neither clock_time_get nor poll_oneoff",
  "anyOf": [
   "clock_time_get",
   "poll_oneoff"
  ],
  "allOf": []
 },
 {
  "id": "random",
  "can": "get random numbers",
  "cannot": "get random numbers",
  "missing": "it does not import random_get",
  "anyOf": [
   "random_get"
  ],
  "allOf": []
 },
 {
  "id": "wait",
  "can": "sleep",
  "cannot": "sleep",
  "missing": "it does not import poll_oneoff",
  "anyOf": [
   "poll_oneoff"
  ],
  "allOf": []
 },
 {
  "id": "network",
  "can": "use the network",
  "cannot": "use the network",
  "missing": "nothing that it imports can open a connection, and it is given none",
  "anyOf": [],
  "allOf": []
 }
] as const;
export const KNOWN = {
 "wasi_snapshot_preview1": [
  "args_get",
  "args_sizes_get",
  "clock_res_get",
  "clock_time_get",
  "environ_get",
  "environ_sizes_get",
  "fd_advise",
  "fd_allocate",
  "fd_close",
  "fd_datasync",
  "fd_fdstat_get",
  "fd_fdstat_set_flags",
  "fd_fdstat_set_rights",
  "fd_filestat_get",
  "fd_filestat_set_size",
  "fd_filestat_set_times",
  "fd_pread",
  "fd_prestat_dir_name",
  "fd_prestat_get",
  "fd_pwrite",
  "fd_read",
  "fd_readdir",
  "fd_renumber",
  "fd_seek",
  "fd_sync",
  "fd_tell",
  "fd_write",
  "path_create_directory",
  "path_filestat_get",
  "path_filestat_set_times",
  "path_link",
  "path_open",
  "path_readlink",
  "path_remove_directory",
  "path_rename",
  "path_symlink",
  "path_unlink_file",
  "poll_oneoff",
  "proc_exit",
  "proc_raise",
  "random_get",
  "sched_yield",
  "sock_accept",
  "sock_recv",
  "sock_send",
  "sock_shutdown"
 ],
 "ssvm_process": [
  "ssvm_process_add_arg",
  "ssvm_process_add_env",
  "ssvm_process_add_stdin",
  "ssvm_process_get_exit_code",
  "ssvm_process_get_stderr",
  "ssvm_process_get_stderr_len",
  "ssvm_process_get_stdout",
  "ssvm_process_get_stdout_len",
  "ssvm_process_run",
  "ssvm_process_set_prog_name",
  "ssvm_process_set_timeout"
 ],
 "wasmedge_process": [
  "wasmedge_process_add_arg",
  "wasmedge_process_add_env",
  "wasmedge_process_add_stdin",
  "wasmedge_process_get_exit_code",
  "wasmedge_process_get_stderr",
  "wasmedge_process_get_stderr_len",
  "wasmedge_process_get_stdout",
  "wasmedge_process_get_stdout_len",
  "wasmedge_process_run",
  "wasmedge_process_set_prog_name",
  "wasmedge_process_set_timeout"
 ],
 "ssvm_display": [
  "show"
 ]
} as const;
export const PROCESS_MODULES = [
 "ssvm_process",
 "wasmedge_process"
] as const;
export const TYPES = {
 "ssvm_process.ssvm_process_set_prog_name": "(i32, i32) -> ()",
 "ssvm_process.ssvm_process_add_arg": "(i32, i32) -> ()",
 "ssvm_process.ssvm_process_add_env": "(i32, i32, i32, i32) -> ()",
 "ssvm_process.ssvm_process_add_stdin": "(i32, i32) -> ()",
 "ssvm_process.ssvm_process_set_timeout": "(i32) -> ()",
 "ssvm_process.ssvm_process_run": "() -> (i32)",
 "ssvm_process.ssvm_process_get_exit_code": "() -> (i32)",
 "ssvm_process.ssvm_process_get_stdout_len": "() -> (i32)",
 "ssvm_process.ssvm_process_get_stdout": "(i32) -> ()",
 "ssvm_process.ssvm_process_get_stderr_len": "() -> (i32)",
 "ssvm_process.ssvm_process_get_stderr": "(i32) -> ()",
 "wasmedge_process.wasmedge_process_set_prog_name": "(i32, i32) -> ()",
 "wasmedge_process.wasmedge_process_add_arg": "(i32, i32) -> ()",
 "wasmedge_process.wasmedge_process_add_env": "(i32, i32, i32, i32) -> ()",
 "wasmedge_process.wasmedge_process_add_stdin": "(i32, i32) -> ()",
 "wasmedge_process.wasmedge_process_set_timeout": "(i32) -> ()",
 "wasmedge_process.wasmedge_process_run": "() -> (i32)",
 "wasmedge_process.wasmedge_process_get_exit_code": "() -> (i32)",
 "wasmedge_process.wasmedge_process_get_stdout_len": "() -> (i32)",
 "wasmedge_process.wasmedge_process_get_stdout": "(i32) -> ()",
 "wasmedge_process.wasmedge_process_get_stderr_len": "() -> (i32)",
 "wasmedge_process.wasmedge_process_get_stderr": "(i32) -> ()",
 "ssvm_display.show": "(i32, i32, i32, i32) -> (i32)"
} as const;
