;; The display interface by hand: show a drawing in the cell, and end with what the host answered.
;;
;;     %%ssvm wat --display
;;
;; 0 is shown, 1 not granted, 2 no such type, 3 too much, 4 not what its type says.
(module
  (import "ssvm_display" "show"
    (func $show (param $type i32) (param $type_size i32) (param $data i32) (param $size i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param $status i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "image/svg+xml")
  (data (i32.const 64)
    "<svg xmlns='http://www.w3.org/2000/svg' width='120' height='60'><circle cx='30' cy='30' r='24' fill='teal'/></svg>")
  (func (export "_start")
    (call $proc_exit (call $show (i32.const 0) (i32.const 13) (i32.const 64) (i32.const 114)))))
