;; The probe in WAT; README.md beside it says what it does. Texts end with a NUL here, each in 64 bytes of its own.
(module
  (import "ssvm_process" "ssvm_process_set_prog_name" (func $set_prog_name (param i32 i32)))
  (import "ssvm_process" "ssvm_process_add_arg" (func $add_arg (param i32 i32)))
  (import "ssvm_process" "ssvm_process_add_env" (func $add_env (param i32 i32 i32 i32)))
  (import "ssvm_process" "ssvm_process_add_stdin" (func $add_stdin (param i32 i32)))
  (import "ssvm_process" "ssvm_process_set_timeout" (func $set_timeout (param i32)))
  (import "ssvm_process" "ssvm_process_run" (func $run (result i32)))
  (import "ssvm_process" "ssvm_process_get_stdout_len" (func $get_stdout_len (result i32)))
  (import "ssvm_process" "ssvm_process_get_stdout" (func $get_stdout (param i32)))
  (import "ssvm_process" "ssvm_process_get_stderr_len" (func $get_stderr_len (result i32)))
  (import "ssvm_process" "ssvm_process_get_stderr" (func $get_stderr (param i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))

  ;; 0: for fd_write; 64: a line; 256: arguments; 1024: texts; from 65536 on: outputs, or 256 bytes for binary
  (memory (export "memory") 2)
  (data (i32.const 1024) "args\00")
  (data (i32.const 1088) "printf\00")
  (data (i32.const 1152) "[%s]\00")
  (data (i32.const 1216) "one\00")
  (data (i32.const 1280) "\00")
  (data (i32.const 1344) "two words\00")
  (data (i32.const 1408) "zwei ü \"$HOME\" \\n\00")
  (data (i32.const 1472) "env\00")
  (data (i32.const 1536) "A\00")
  (data (i32.const 1600) "1\00")
  (data (i32.const 1664) "EMPTY\00")
  (data (i32.const 1728) "EQUALS\00")
  (data (i32.const 1792) "x=y ü\00")
  (data (i32.const 1856) "text\00")
  (data (i32.const 1920) "cat\00")
  (data (i32.const 1984) "first line\nzweite Zeile ü\n\00")
  (data (i32.const 2048) "binary\00")
  (data (i32.const 2112) "timeout\00")
  (data (i32.const 2176) "sleep\00")
  (data (i32.const 2240) "1000\00")
  (data (i32.const 2304) "exit\00")
  (data (i32.const 2368) "sh\00")
  (data (i32.const 2432) "-c\00")
  (data (i32.const 2496) "echo out; echo err >&2; exit $0\00")
  (data (i32.const 2560) "large\00")
  (data (i32.const 2624) "yes 0123456 | head -c $0\00")

  (func $size (param $text i32) (result i32)
    (local $at i32)
    (local.set $at (local.get $text))
    (loop $more
      (if (i32.load8_u (local.get $at))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $more))))
    (i32.sub (local.get $at) (local.get $text)))

  (func $equal (param $one i32) (param $other i32) (result i32)
    (loop $more
      (if (i32.ne (i32.load8_u (local.get $one)) (i32.load8_u (local.get $other)))
        (then (return (i32.const 0))))
      (if (i32.load8_u (local.get $one))
        (then
          (local.set $one (i32.add (local.get $one) (i32.const 1)))
          (local.set $other (i32.add (local.get $other) (i32.const 1)))
          (br $more))))
    (i32.const 1))

  (func $name (param $text i32)
    (call $set_prog_name (local.get $text) (call $size (local.get $text))))
  (func $arg (param $text i32)
    (call $add_arg (local.get $text) (call $size (local.get $text))))
  (func $variable (param $name i32) (param $value i32)
    (call $add_env (local.get $name) (call $size (local.get $name)) (local.get $value) (call $size (local.get $value))))

  ;; A write may take less than it was given.
  (func $write (param $fd i32) (param $at i32) (param $size i32)
    (loop $more
      (if (local.get $size)
        (then
          (i32.store (i32.const 0) (local.get $at))
          (i32.store (i32.const 4) (local.get $size))
          (if (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))
            (then (unreachable)))
          (local.set $at (i32.add (local.get $at) (i32.load (i32.const 8))))
          (local.set $size (i32.sub (local.get $size) (i32.load (i32.const 8))))
          (br $more)))))

  ;; Writes an unsigned number and one more byte.
  (func $number (param $value i32) (param $after i32)
    (local $at i32)
    (local.set $at (i32.const 127))
    (i32.store8 (local.get $at) (local.get $after))
    (loop $more
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $value) (i32.const 10))))
      (br_if $more (local.tee $value (i32.div_u (local.get $value) (i32.const 10)))))
    (call $write (i32.const 1) (local.get $at) (i32.sub (i32.const 128) (local.get $at))))

  (func $hash (param $at i32) (param $size i32) (result i32)
    (local $done i32) (local $h i32)
    (loop $more
      (if (i32.lt_u (local.get $done) (local.get $size))
        (then
          (local.set $h
            (i32.add
              (i32.mul (local.get $h) (i32.const 31))
              (i32.load8_u (i32.add (local.get $at) (local.get $done)))))
          (local.set $done (i32.add (local.get $done) (i32.const 61)))
          (br $more))))
    (local.get $h))

  ;; Makes the memory as large as this.
  (func $reserve (param $end i32)
    (local $missing i32)
    (local.set $missing
      (i32.sub (i32.shr_u (i32.add (local.get $end) (i32.const 65535)) (i32.const 16)) (memory.size)))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then
        (if (i32.lt_s (memory.grow (local.get $missing)) (i32.const 0))
          (then (unreachable))))))

  (func $set_up (param $scenario i32) (param $n i32) (result i32)
    (local $i i32)
    (if (call $equal (local.get $scenario) (i32.const 1024)) ;; args
      (then
        (call $name (i32.const 1088))
        (call $arg (i32.const 1152))
        (call $arg (i32.const 1216))
        (call $arg (i32.const 1280))
        (call $arg (i32.const 1344))
        (call $arg (i32.const 1408))
        (return (i32.const 1))))
    (if (call $equal (local.get $scenario) (i32.const 1472)) ;; env
      (then
        (call $name (i32.const 1472))
        (call $variable (i32.const 1536) (i32.const 1600))
        (call $variable (i32.const 1664) (i32.const 1280))
        (call $variable (i32.const 1728) (i32.const 1792))
        (return (i32.const 1))))
    (if (call $equal (local.get $scenario) (i32.const 1856)) ;; text
      (then
        (call $name (i32.const 1920))
        (call $add_stdin (i32.const 1984) (call $size (i32.const 1984)))
        (return (i32.const 1))))
    (if (call $equal (local.get $scenario) (i32.const 2048)) ;; binary
      (then
        (call $name (i32.const 1920))
        (loop $more
          (i32.store8 (i32.add (i32.const 65536) (local.get $i)) (local.get $i))
          (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 256))))
        (call $add_stdin (i32.const 65536) (i32.const 256))
        (return (i32.const 1))))
    (if (call $equal (local.get $scenario) (i32.const 2112)) ;; timeout
      (then
        (call $name (i32.const 2176))
        (call $arg (i32.const 2240))
        (call $set_timeout (i32.const 300))
        (return (i32.const 1))))
    (if (call $equal (local.get $scenario) (i32.const 2304)) ;; exit
      (then
        (call $name (i32.const 2368))
        (call $arg (i32.const 2432))
        (call $arg (i32.const 2496))
        (call $arg (local.get $n))
        (return (i32.const 1))))
    (if (call $equal (local.get $scenario) (i32.const 2560)) ;; large
      (then
        (call $name (i32.const 2368))
        (call $arg (i32.const 2432))
        (call $arg (i32.const 2624))
        (call $arg (local.get $n))
        (call $set_timeout (i32.const 100000))
        (return (i32.const 1))))
    (i32.const 0))

  (func (export "_start")
    (local $count i32) (local $status i32) (local $out i32) (local $err i32)
    (drop (call $args_sizes_get (i32.const 0) (i32.const 4)))
    (local.set $count (i32.load (i32.const 0)))
    (drop (call $args_get (i32.const 256) (i32.const 320)))
    (if
      (i32.eqz
        (call $set_up
          (select (i32.load (i32.const 260)) (i32.const 1280) (i32.gt_u (local.get $count) (i32.const 1)))
          (select (i32.load (i32.const 264)) (i32.const 1280) (i32.gt_u (local.get $count) (i32.const 2)))))
      (then (call $proc_exit (i32.const 2))))

    (local.set $status (call $run))
    (local.set $out (call $get_stdout_len))
    (local.set $err (call $get_stderr_len))
    (call $reserve (i32.add (i32.const 65536) (i32.add (local.get $out) (local.get $err))))
    (call $get_stdout (i32.const 65536))
    (call $get_stderr (i32.add (i32.const 65536) (local.get $out)))

    (if (i32.lt_s (local.get $status) (i32.const 0))
      (then
        (i32.store8 (i32.const 64) (i32.const 45)) ;; minus
        (call $write (i32.const 1) (i32.const 64) (i32.const 1))
        (local.set $status (i32.sub (i32.const 0) (local.get $status)))))
    (call $number (local.get $status) (i32.const 32))
    (call $number (local.get $out) (i32.const 32))
    (call $number (local.get $err) (i32.const 32))
    (call $number (call $hash (i32.const 65536) (local.get $out)) (i32.const 10))
    (if (i32.le_u (local.get $out) (i32.const 4096))
      (then (call $write (i32.const 1) (i32.const 65536) (local.get $out))))
    (call $write (i32.const 2) (i32.add (i32.const 65536) (local.get $out)) (local.get $err))))
