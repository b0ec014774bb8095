;; The process interface by hand: run a command of the host, pass on what it wrote, and end with its status.
;;
;;     python -c "import wasmtime; open('run.wasm', 'wb').write(wasmtime.wat2wasm(open('run_command.wat').read()))"
;;     ssvm --allow-command "echo hello from the host" run.wasm
;;
;; Without the option a person is asked in the terminal; where nobody can be asked, the host writes on the guest's stderr
;; what would have allowed it. The same functions are there as wasmedge_process, with that prefix.
(module
  (import "ssvm_process" "ssvm_process_set_prog_name" (func $set_prog_name (param $text i32) (param $size i32)))
  (import "ssvm_process" "ssvm_process_add_arg" (func $add_arg (param $text i32) (param $size i32)))
  (import "ssvm_process" "ssvm_process_set_timeout" (func $set_timeout (param $milliseconds i32)))
  (import "ssvm_process" "ssvm_process_run" (func $run (result i32)))
  (import "ssvm_process" "ssvm_process_get_stdout_len" (func $stdout_len (result i32)))
  (import "ssvm_process" "ssvm_process_get_stdout" (func $stdout (param $buffer i32)))
  (import "ssvm_process" "ssvm_process_get_stderr_len" (func $stderr_len (result i32)))
  (import "ssvm_process" "ssvm_process_get_stderr" (func $stderr (param $buffer i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param $fd i32) (param $pieces i32) (param $count i32) (param $written i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param $status i32)))

  ;; 0 to 11: what fd_write takes (where, how much) and gives (how much of it was written); 16: texts; 1024: outputs
  (memory (export "memory") 1)
  (data (i32.const 16) "echohello from the host")

  ;; The host copies an output whole, so the memory must have room for it first.
  (func $reserve (param $size i32)
    (local $missing i32)
    (local.set $missing
      (i32.sub
        (i32.shr_u (i32.add (local.get $size) (i32.const 66559)) (i32.const 16)) ;; 1024 and a page, rounded down
        (memory.size)))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then
        (if (i32.lt_s (memory.grow (local.get $missing)) (i32.const 0))
          (then (unreachable))))))

  ;; A write may take less than it was given.
  (func $write (param $fd i32) (param $size i32)
    (local $at i32)
    (local.set $at (i32.const 1024))
    (loop $more
      (if (local.get $size)
        (then
          (i32.store (i32.const 0) (local.get $at))
          (i32.store (i32.const 4) (local.get $size))
          (if (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))
            (then (return)))
          (local.set $at (i32.add (local.get $at) (i32.load (i32.const 8))))
          (local.set $size (i32.sub (local.get $size) (i32.load (i32.const 8))))
          (br $more)))))

  (func (export "_start")
    (local $status i32)
    (call $set_prog_name (i32.const 16) (i32.const 4)) ;; echo
    (call $add_arg (i32.const 20) (i32.const 5)) ;; hello
    (call $add_arg (i32.const 26) (i32.const 4)) ;; from
    (call $add_arg (i32.const 31) (i32.const 3)) ;; the
    (call $add_arg (i32.const 35) (i32.const 4)) ;; host
    (call $set_timeout (i32.const 5000))
    (local.set $status (call $run)) ;; -1 when it was denied or not found, 110 after the timeout

    (call $reserve (call $stdout_len))
    (call $stdout (i32.const 1024))
    (call $write (i32.const 1) (call $stdout_len))

    (call $reserve (call $stderr_len))
    (call $stderr (i32.const 1024))
    (call $write (i32.const 2) (call $stderr_len))

    (call $proc_exit (i32.and (local.get $status) (i32.const 255)))))
