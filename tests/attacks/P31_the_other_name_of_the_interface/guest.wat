;; Both import modules lead to the same check.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasmedge_process" "wasmedge_process_set_prog_name" (func $name (param i32 i32)))
  (import "wasmedge_process" "wasmedge_process_run" (func $run (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "tool")
  (func (export "_start")
    (call $name (i32.const 0) (i32.const 4))
    (call $exit (i32.ne (call $run) (i32.const -1)))))
