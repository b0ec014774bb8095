;; A link that is in the granted folder already, followed by opening, also to create or cut what it leads to.
(func $attack
  (call $show_file (i32.const 3) (text "inside"))
  (call $show_file (i32.const 3) (text "up"))
  (call $show_file (i32.const 3) (text "absolute"))
  (call $show_file (i32.const 3) (text "folder/secret"))
  (call $show_file (i32.const 3) (text "chain"))
  (call $tell (text "write") (call $open (i32.const 3) (text "up") (i32.const 0) (i64.const 66)))
  (call $tell (text "cut") (call $open (i32.const 3) (text "absolute") (i32.const 8) (i64.const 66)))
  (call $tell (text "create") (call $open (i32.const 3) (text "new") (i32.const 1) (i64.const 66)))
  (call $tell (text "folder") (call $open (i32.const 3) (text "folder") (i32.const 2) (i64.const 2))))
