;; Folders through which a whole computer can be reached.
(func $attack
  (call $show_file (i32.const 3) (text "self/environ"))
  (call $show_file (i32.const 3) (text "proc/self/environ")))
