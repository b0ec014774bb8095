;; A NUL byte, where the check would see five bytes and the program two.
(func $attack
  (call $name_bytes (text "ls\00x")  (i32.const 4)) (call $launch)
  (call $name_bytes (text "ls\00") (i32.const 3)) (call $launch)
  (call $program (text "ls")) (call $argument_bytes (text "-l\00x") (i32.const 4)) (call $launch)
  (call $program (text "ls")) (call $variable_bytes (text "A\00B") (i32.const 3) (text "v") (i32.const 1)) (call $launch)
  (call $program (text "ls")) (call $variable_bytes (text "A") (i32.const 1) (text "v\00w") (i32.const 3)) (call $launch)
  (call $program (text "ls")) (call $variable_bytes (text "A=B") (i32.const 3) (text "v") (i32.const 1)) (call $launch)
  (call $program (text "ls")) (call $variable_bytes (text "") (i32.const 0) (text "v") (i32.const 1)) (call $launch)
  (call $program (text "")) (call $launch)
  (call $program (text "ls")) (call $launch))
