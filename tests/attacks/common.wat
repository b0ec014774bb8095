;; What the guests of the attacks share: WASI, the process interface, and words to report with.
;; Text is a pointer to bytes that end with NUL. Below 1024 is scratch; texts of a guest begin at 4096.

(import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_allocate" (func $fd_allocate (param i32 i64 i64) (result i32)))
(import "wasi_snapshot_preview1" "fd_filestat_set_size" (func $fd_filestat_set_size (param i32 i64) (result i32)))
(import "wasi_snapshot_preview1" "fd_filestat_set_times"
  (func $fd_filestat_set_times (param i32 i64 i64 i32) (result i32)))
(import "wasi_snapshot_preview1" "path_open"
  (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "path_symlink" (func $path_symlink (param i32 i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "path_link" (func $path_link (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "path_rename" (func $path_rename (param i32 i32 i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "path_unlink_file" (func $path_unlink_file (param i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "path_create_directory"
  (func $path_create_directory (param i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "path_filestat_set_times"
  (func $path_filestat_set_times (param i32 i32 i32 i32 i64 i64 i32) (result i32)))
(import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "sock_accept" (func $sock_accept (param i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "sock_send" (func $sock_send (param i32 i32 i32 i32 i32) (result i32)))
(import "ssvm_process" "ssvm_process_set_prog_name" (func $name_bytes (param i32 i32)))
(import "ssvm_process" "ssvm_process_add_arg" (func $argument_bytes (param i32 i32)))
(import "ssvm_process" "ssvm_process_add_env" (func $variable_bytes (param i32 i32 i32 i32)))
(import "ssvm_process" "ssvm_process_add_stdin" (func $feed (param i32 i32)))
(import "ssvm_process" "ssvm_process_set_timeout" (func $time_limit (param i32)))
(import "ssvm_process" "ssvm_process_run" (func $run (result i32)))
(import "ssvm_process" "ssvm_process_get_exit_code" (func $exit_code (result i32)))
(import "ssvm_process" "ssvm_process_get_stdout_len" (func $stdout_length (result i32)))
(import "ssvm_process" "ssvm_process_get_stdout" (func $get_stdout (param i32)))
(import "ssvm_process" "ssvm_process_get_stderr_len" (func $stderr_length (result i32)))
(import "ssvm_process" "ssvm_process_get_stderr" (func $get_stderr (param i32)))

(memory (export "memory") 16)
(global $fd (mut i32) (i32.const -1)) ;; what $open opened last

(func $length (param $text i32) (result i32) (local $at i32)
  (local.set $at (local.get $text))
  (block $end
    (loop $next
      (br_if $end (i32.eqz (i32.load8_u (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next)))
  (i32.sub (local.get $at) (local.get $text)))

(func $print (param $to i32) (param $at i32) (param $size i32)
  (i32.store (i32.const 0) (local.get $at))
  (i32.store (i32.const 4) (local.get $size))
  (drop (call $fd_write (local.get $to) (i32.const 0) (i32.const 1) (i32.const 8))))

(func $say (param $text i32)
  (call $print (i32.const 1) (local.get $text) (call $length (local.get $text))))

(func $say_number (param $number i32) (local $at i32) (local $left i32)
  (local.set $at (i32.const 64))
  (local.set $left (select (i32.sub (i32.const 0) (local.get $number)) (local.get $number)
    (i32.lt_s (local.get $number) (i32.const 0))))
  (loop $digit
    (local.set $at (i32.sub (local.get $at) (i32.const 1)))
    (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $left) (i32.const 10))))
    (local.set $left (i32.div_u (local.get $left) (i32.const 10)))
    (br_if $digit (local.get $left)))
  (if (i32.lt_s (local.get $number) (i32.const 0)) (then
    (local.set $at (i32.sub (local.get $at) (i32.const 1)))
    (i32.store8 (local.get $at) (i32.const 45))))
  (call $print (i32.const 1) (local.get $at) (i32.sub (i32.const 64) (local.get $at))))

;; "label=number", a line
(func $tell (param $label i32) (param $number i32)
  (call $say (local.get $label))
  (i32.store8 (i32.const 80) (i32.const 61))
  (call $print (i32.const 1) (i32.const 80) (i32.const 1))
  (call $say_number (local.get $number))
  (i32.store8 (i32.const 80) (i32.const 10))
  (call $print (i32.const 1) (i32.const 80) (i32.const 1)))

;; the guest's own argument of this number
(func $given (param $number i32) (result i32)
  (drop (call $args_sizes_get (i32.const 96) (i32.const 100)))
  (drop (call $args_get (i32.const 512) (i32.const 65536)))
  (i32.load (i32.add (i32.const 512) (i32.mul (i32.const 4) (local.get $number)))))

;; fresh memory
(func $room (param $size i32) (result i32)
  (i32.mul (i32.const 65536)
    (memory.grow (i32.add (i32.const 1) (i32.div_u (local.get $size) (i32.const 65536))))))

(func $program (param $text i32) (call $name_bytes (local.get $text) (call $length (local.get $text))))
(func $argument (param $text i32) (call $argument_bytes (local.get $text) (call $length (local.get $text))))
(func $variable (param $name i32) (param $value i32)
  (call $variable_bytes (local.get $name) (call $length (local.get $name))
    (local.get $value) (call $length (local.get $value))))

(func $launch_silently
  (call $tell (text "code") (call $run))
  (call $tell (text "out") (call $stdout_length))
  (call $tell (text "err") (call $stderr_length)))

;; runs the command, prints its code and what it printed
(func $launch (local $at i32)
  (call $tell (text "code") (call $run))
  (local.set $at (call $room (call $stdout_length)))
  (call $get_stdout (local.get $at))
  (call $print (i32.const 1) (local.get $at) (call $stdout_length))
  (local.set $at (call $room (call $stderr_length)))
  (call $get_stderr (local.get $at))
  (call $print (i32.const 2) (local.get $at) (call $stderr_length)))

;; opens a path below a folder; oflags: 1 create, 2 directory, 4 exclusive, 8 truncate
(func $open (param $folder i32) (param $path i32) (param $oflags i32) (param $rights i64) (result i32) (local $error i32)
  (local.set $error (call $path_open (local.get $folder) (i32.const 1) (local.get $path)
    (call $length (local.get $path)) (local.get $oflags) (local.get $rights) (i64.const 0) (i32.const 0)
    (i32.const 104)))
  (global.set $fd (select (i32.const -1) (i32.load (i32.const 104)) (local.get $error)))
  (local.get $error))

;; opens for reading; prints the error, and what was read
(func $show_file (param $folder i32) (param $path i32) (local $error i32)
  (local.set $error (call $open (local.get $folder) (local.get $path) (i32.const 0) (i64.const 2)))
  (call $tell (local.get $path) (local.get $error))
  (if (i32.eqz (local.get $error)) (then
    (i32.store (i32.const 16) (i32.const 131072))
    (i32.store (i32.const 20) (i32.const 4096))
    (if (i32.eqz (call $fd_read (global.get $fd) (i32.const 16) (i32.const 1) (i32.const 24))) (then
      (call $print (i32.const 1) (i32.const 131072) (i32.load (i32.const 24))))))))

(func (export "_start") (call $attack))
