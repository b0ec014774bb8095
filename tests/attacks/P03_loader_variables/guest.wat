;; A variable that makes the loader run other code inside an allowed program.
(func $attack
  (call $program (text "/usr/bin/env"))
  (call $variable (call $given (i32.const 1)) (text "/x"))
  (call $launch))
