;; A variable that makes an interpreter or a tool run other code.
(func $attack
  (call $program (text "/usr/bin/env"))
  (call $variable (call $given (i32.const 1)) (text "/x"))
  (call $launch))
