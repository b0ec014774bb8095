;; One binary that is many programs by its name: "ls" was granted, "sh" is the same file.
(func $attack
  (call $program (text "ls")) (call $launch)
  (call $program (text "sh")) (call $launch)
  (call $program (call $given (i32.const 1))) (call $launch))
