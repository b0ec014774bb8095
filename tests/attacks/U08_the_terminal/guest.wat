;; Drawing over the prompt through a device of the host.
(func $attack
  (call $show_file (i32.const 3) (text "tty"))
  (call $show_file (i32.const 3) (text "/dev/tty"))
  (call $tell (text "write") (call $open (i32.const 3) (text "tty") (i32.const 0) (i64.const 64))))
