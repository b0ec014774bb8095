;; An open that creates, in a folder granted for reading.
(func $attack
  (call $tell (text "create") (call $open (i32.const 3) (text "new") (i32.const 1) (i64.const 2)))
  (call $tell (text "create, no rights") (call $open (i32.const 3) (text "new") (i32.const 1) (i64.const 0)))
  (call $tell (text "exclusive") (call $open (i32.const 3) (text "new") (i32.const 5) (i64.const 66)))
  (call $tell (text "folder") (call $path_create_directory (i32.const 3) (text "new") (i32.const 3))))
