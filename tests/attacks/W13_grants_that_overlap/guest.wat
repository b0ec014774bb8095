;; A folder in a folder, granted differently: what was said must be what holds.
(func $attack
  (call $show_file (i32.const 3) (text "plain"))
  (call $tell (text "first") (call $open (i32.const 3) (text "new") (i32.const 1) (i64.const 64)))
  (call $tell (text "second") (call $open (i32.const 4) (text "new") (i32.const 1) (i64.const 64))))
