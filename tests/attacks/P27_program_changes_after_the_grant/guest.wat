;; The granted file is replaced, rewritten, and its link set anew, by another program of the host.
(func $attack
  (call $program (text "tool")) (call $launch)
  (call $program (text "change")) (call $argument (call $given (i32.const 1))) (call $launch)
  (call $program (text "tool")) (call $launch))
